"""How a column is masked, and which one can't be."""

from __future__ import annotations

from typing import Any

import pytest

from backupctl import masking
from backupctl.config import Mask
from backupctl.errors import Failure
from backupctl.postgres import Server

TEXT: dict[str, Any] = {
    "type": "text", "category": "S", "kind": "r", "required": False, "generated": False, "limit": None,
    "triggers": False,
}  # fmt: skip
NUMBER = TEXT | {"type": "numeric(10,2)", "category": "N"}


def wanted(masker: str, value: str = "", *, optional: bool = False) -> Mask:
    return Mask(schema="hr", table="Employees", column="Pay", masker=masker, value=value, optional=optional)


class Answers(Server):
    """A server that knows the columns and keeps what it is told."""

    def __init__(self, columns: list[dict[str, Any] | None]) -> None:
        super().__init__(port=5999)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "told", [])

    def ask(self, query: str, database: str = "postgres") -> Any:
        return self.columns  # type: ignore[attr-defined]

    def tell(self, sql: str, database: str = "postgres", *, next_step: str = "") -> str:
        self.told.append(sql)  # type: ignore[attr-defined]
        return ""


def told(*rows: tuple[Mask, dict[str, Any] | None]) -> list[str]:
    server = Answers([column for _, column in rows])
    masking.mask(server, "prod-dhanman-payroll", [m for m, _ in rows], "salt")
    return list(server.told)  # type: ignore[attr-defined]


def test_all_columns_of_a_table_are_masked_by_one_statement_in_one_transaction() -> None:
    (sql,) = told((wanted("null"), TEXT), (wanted("fixed", "it's"), NUMBER))
    assert sql.splitlines() == [
        "BEGIN;",
        "SET LOCAL session_replication_role = replica;",
        """UPDATE "hr"."Employees" SET "Pay" = NULL, "Pay" = 'it''s'::numeric(10,2);""",
        "COMMIT;",
    ]


@pytest.mark.parametrize(
    ("mask", "column", "words"),
    [
        (wanted("null"), None, "hr.Employees.Pay: there is no such column"),
        (wanted("null"), TEXT | {"required": True}, "may not be null; take fixed"),
        (wanted("hash"), NUMBER, "hash is for text, this is numeric"),
        (wanted("email"), TEXT | {"type": "uuid", "category": "U"}, "email is for text"),
        (wanted("hash"), TEXT | {"limit": 15}, "hash needs 16 characters"),
        (wanted("email"), TEXT | {"limit": 36}, "email needs 37 characters"),
        (wanted("fixed", "x"), TEXT | {"kind": "v"}, "is no table's column"),
        (wanted("fixed", "x"), TEXT | {"generated": True}, "is generated"),
        (wanted("fixed", "x"), TEXT | {"triggers": True}, "a trigger of the table fires always"),
    ],
)
def test_what_cannot_be_masked_so_is_refused_before_anything_is(
    mask: Mask, column: dict[str, Any] | None, words: str
) -> None:
    with pytest.raises(Failure) as refused:
        told((wanted("redact"), TEXT), (mask, column))
    assert words in refused.value.details
    assert len(refused.value.details.splitlines()) == 1


def test_a_column_that_may_be_missing_is_left_out() -> None:
    assert told((wanted("null", optional=True), None), (wanted("null"), TEXT))
    (sql,) = told((wanted("null", optional=True), None))
    assert "UPDATE" not in sql


def test_a_pseudonym_takes_no_more_room_than_the_column_has() -> None:
    assert ", 20)::varchar(20)" in masking.expression(
        wanted("hash"), TEXT | {"type": "varchar(20)", "limit": 20}, "s"
    )
    assert ", 32)::text" in masking.expression(wanted("hash"), TEXT, "s")


def test_a_uuid_stays_one() -> None:
    column = TEXT | {"type": "uuid", "category": "U"}
    assert masking.expression(wanted("hash"), column, "s").endswith(", 32)::uuid")


def test_the_salt_is_another_one_each_time() -> None:
    assert masking.salt() != masking.salt()
