"""Changed lines in a forecast: what is shown of a file, and what never is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hostctl.forecast import LONGEST_DIFF, forecast_all
from hostctl.report import WIDTH
from hostctl.store import Store
from hostctl.transaction import Transaction
from tests.hostctl.conftest import document

pytestmark = pytest.mark.usefixtures("tools")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.conf"


@pytest.fixture
def file(path: Path, attributes: dict[str, str]) -> dict[str, Any]:
    return {"kind": "file", "path": str(path), **attributes}


def _change(store: Store, wanted: dict[str, Any]) -> dict[str, Any]:
    (change,) = forecast_all([document(wanted)], store)["u"]["things"]
    return dict(change)


def test_changed_lines_are_shown_with_those_around_them(
    store: Store, path: Path, file: dict[str, Any]
) -> None:
    path.write_text("a\nb\n")
    change = _change(store, file | {"content": "a\nc\n"})
    assert change == {
        "id": f"file:{path}",
        "differences": ["content"],
        "diff": ["@@ -1,2 +1,2 @@", " a", "-b", "+c"],
        "cut": 0,
    }


def test_a_long_difference_is_cut_and_says_how_much_is_left(
    store: Store, path: Path, file: dict[str, Any]
) -> None:
    path.write_text("".join(f"old {n}\n" for n in range(60)))
    change = _change(store, file | {"content": "".join(f"new {n}\n" for n in range(60))})
    assert len(change["diff"]) == LONGEST_DIFF
    assert change["diff"][:2] == ["@@ -1,60 +1,60 @@", "-old 0"]
    assert change["cut"] == 121 - LONGEST_DIFF


def test_a_long_line_is_cut(store: Store, path: Path, file: dict[str, Any]) -> None:
    path.write_text("")
    change = _change(store, file | {"content": "x" * 2 * WIDTH})
    assert change["diff"][-1] == "+" + "x" * (WIDTH - 1)


def test_a_file_that_is_missing_or_has_only_another_mode_shows_no_lines(
    store: Store, path: Path, file: dict[str, Any]
) -> None:
    assert _change(store, file | {"content": "a\n"}) == {"id": f"file:{path}", "differences": ["missing"]}
    path.write_text("a\n")
    path.chmod(0o600)
    change = _change(store, file | {"content": "a\n", "mode": "0640"})
    assert change == {"id": f"file:{path}", "differences": ["mode 0600 -> 0640"]}


def test_bytes_that_are_no_text_are_replaced(store: Store, path: Path, file: dict[str, Any]) -> None:
    path.write_bytes(b"\xff\n")
    assert _change(store, file | {"content": "a\n"})["diff"][1] == "-\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("was_secret", "is_secret"), [(None, True), (True, True), (True, False), (False, True)]
)
def test_a_file_that_is_or_was_secret_shows_that_it_changes_and_never_a_line(
    store: Store, path: Path, file: dict[str, Any], was_secret: bool | None, is_secret: bool
) -> None:
    path.write_text("old-hunter22\n")
    if was_secret is not None:
        wanted = file | {"content": "old-hunter22\n", "secret": was_secret, "mode": "0600"}
        Transaction(document(wanted, adopt=True), store).run()
    unit = document(file | {"content": "new-hunter22\n", "secret": is_secret, "mode": "0640"})
    told = forecast_all([unit], store)
    (change,) = told["u"]["things"]
    assert change["secret"] is True
    assert "content" in change["differences"]
    assert "hunter22" not in json.dumps(told)


def test_a_secret_file_whose_content_stays_is_not_marked(
    store: Store, path: Path, file: dict[str, Any]
) -> None:
    path.write_text("hunter22\n")
    path.chmod(0o600)
    change = _change(store, file | {"content": "hunter22\n", "secret": True, "mode": "0400"})
    assert change == {"id": f"file:{path}", "differences": ["mode 0600 -> 0400"]}


def test_a_file_that_was_never_secret_shows_its_lines_again(
    store: Store, path: Path, file: dict[str, Any]
) -> None:
    Transaction(document(file | {"content": "a\n"}), store).run()
    assert _change(store, file | {"content": "b\n"})["diff"] == ["@@ -1 +1 @@", "-a", "+b"]


def test_a_file_that_takes_a_part_from_a_release_to_come_is_uncertain_and_shows_no_lines(
    store: Store, path: Path, file: dict[str, Any], tmp_path: Path
) -> None:
    path.write_text('{"of": "the former release"}')
    base = tmp_path / "releases/2/appsettings.json"
    wanted = file | {"content": "{}", "merge_json": str(base), "notify": ["restart n.service"]}
    told = forecast_all([document(wanted, adopt=True)], store)["u"]
    words = ["content, if the new release changes its part of it"]
    assert told["things"] == [{"id": f"file:{path}", "differences": words}]
    assert told["effects"] == []
    base.parent.mkdir(parents=True)
    assert _change(store, wanted | {"notify": []})["differences"] == ["content"]
