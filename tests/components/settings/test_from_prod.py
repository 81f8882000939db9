"""Settings of copies that are made from another environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components import specs
from components.settings import SettingsError
from tests.components.settings.example import Load

BUCKET = {
    "kind": "s3",
    "name": "prod-backups",
    "endpoint": "https://s3.example.com",
    "keyId": "k1",
    "key": "fake-key",
}
COPY: dict[str, Any] = {
    "bucket": BUCKET,
    "passphrase": "fake-passphrase",
    "mask": {"sales": {"customers.name": {"with": "redact"}, "hr.Staff.Pay": {"with": "fixed", "value": 0}}},
}


def with_mask(mask: object) -> dict[str, Any]:
    return {"qaFromProd": COPY | {"mask": mask}}


def test_a_copy_s_databases_and_columns_are_those_of_the_settings(load_changed: Load) -> None:
    spec = specs.physical_backup(load_changed({"qaFromProd": COPY}))
    assert spec is not None
    assert spec.source is not None
    (copied,) = spec.source.databases
    assert (copied.own, copied.original) == ("qa-dhanman-sales", "prod-dhanman-sales")
    assert [(m.schema, m.table, m.column, m.masker, m.value) for m in copied.masks] == [
        ("public", "customers", "name", "redact", ""),
        ("hr", "Staff", "Pay", "fixed", "0"),
    ]


def test_its_secrets_are_no_part_of_what_people_see(load_changed: Load) -> None:
    settings = load_changed({"qaFromProd": COPY})
    assert specs.source_secrets(settings) == ("fake-passphrase", "fake-key")
    assert "fake" not in repr(settings.qa_from_prod)
    assert "fake" not in repr(specs.physical_backup(settings))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (with_mask({}), "qaFromProd/mask: must not be empty"),
        (with_mask({"salse": {}}), "qaFromProd/mask/salse: there is no service salse"),
        (with_mask({"sales": {"customers": {"with": "null"}}}), "must be a column such as employees.salary"),
        (with_mask({"sales": {"a.b": {"with": "scramble"}}}), "qaFromProd/mask/sales/a.b/with: must be"),
        (with_mask({"sales": {"a.b": {"with": "fixed"}}}), "needs a value with fixed"),
        (with_mask({"sales": {"a.b": {"with": "hash", "value": 1}}}), "and with no other masker"),
        ({"qaFromProd": COPY, "backup": {"physical": {"enabled": False}}}, "qaFromProd: needs pgBackRest"),
        (
            {"qaFromProd": COPY, "backup": {"bucket": BUCKET}},
            "qaFromProd/bucket/prefix: is where this environment's own backups are",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    problems: Callable[..., list[str]], changes: dict[str, Any], words: str
) -> None:
    assert any(words in line for line in problems(changes)), problems(changes)


def test_production_takes_no_copy(problems: Callable[..., list[str]]) -> None:
    lines = problems({"environment": "prod", "qaFromProd": COPY}, stack="prod")
    assert any("qaFromProd: can't be in prod" in line for line in lines)


def test_its_secrets_are_placeholders_until_they_are_set(load_changed: Load) -> None:
    bare = COPY | {"bucket": {"kind": "b2", "name": "dhanman-backups"}, "passphrase": None}
    settings = load_changed({"qaFromProd": bare})
    missing = {"/".join(p.path) for p in settings.placeholders}
    assert missing == {
        "qaFromProd/bucket/keyId",
        "qaFromProd/bucket/key",
        "qaFromProd/bucket/endpoint",
        "qaFromProd/passphrase",
    }
    with pytest.raises(SettingsError):
        settings.require_complete()
