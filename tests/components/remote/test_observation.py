"""What hosts say of themselves, and what follows from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.remote.observation import FORMAT, HostObservation, document_digest, parse
from hostctl import observation as on_the_host
from hostctl.store import Store
from hostctl.transaction import Transaction
from tests.hostctl.conftest import document

UNIT = {"differences": ["file:/etc/a: content"], "generation": 3, "document": "abc"}


def seen(installed: bool = True, **units: dict[str, Any]) -> HostObservation:
    answer = {"format": FORMAT, "program": "p", "place": "here", "units": units}
    found = parse("one", json.dumps(answer), installed=installed)
    assert found
    return found


def test_a_unit_without_differences_did_not_drift() -> None:
    assert seen(u=UNIT | {"differences": []}).drift("u") is None


def test_a_drift_says_its_differences() -> None:
    drift = seen(u=UNIT).drift("u")
    assert drift
    assert drift.differences == ("file:/etc/a: content",)


def test_the_mark_is_the_same_for_the_same_difference_and_another_for_every_other() -> None:
    def mark(**changes: Any) -> str:
        drift = seen(u=UNIT | changes).drift("u")
        assert drift
        return drift.mark

    assert mark() == mark()
    assert len({mark(), mark(generation=4), mark(differences=["file:/etc/a: missing"])}) == 3


def test_a_unit_that_the_host_does_not_know_drifted_as_a_whole() -> None:
    drift = seen().drift("u")
    assert drift
    assert drift.differences == ("it is not on this host",)


def test_a_missing_program_is_a_drift_of_the_bootstrap() -> None:
    assert seen().program_drift() is None
    assert seen(installed=False).program_drift()


def test_the_text_that_was_applied_last_is_known_by_its_digest() -> None:
    assert seen(u=UNIT).applied("u") == "abc"
    assert seen().applied("u") == ""


@pytest.mark.parametrize(
    "text",
    ["", "sudo: a password is required", "[]", "7", '{"format": 2, "place": "", "units": {}}',
     '{"format": 1, "program": "other", "place": ""}', '{"format": 1, "place": "", "units": {"u": {}}}',
     '{"format": 1, "place": "", "units": []}'],
)  # fmt: skip
def test_anything_else_is_no_answer(text: str) -> None:
    assert parse("one", text, installed=True) is None


def test_both_sides_mean_the_same_form_and_the_same_digest(tmp_path: Path) -> None:
    assert on_the_host.FORMAT == FORMAT
    unit = document()
    text = json.dumps(unit, sort_keys=True, ensure_ascii=False)
    assert Transaction(unit, Store(tmp_path)).digest == document_digest(text)
