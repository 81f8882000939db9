"""Which numbers of restored rows can't be right."""

from __future__ import annotations

import pytest

from backupctl.counts import Table, differences


def table(rows: int, changes: int = 0) -> dict[str, Table]:
    return {"public.t": Table(rows=rows, changes=changes)}


def test_a_quiet_table_must_have_as_many_rows() -> None:
    assert differences(table(10), {"public.t": 10}, table(10)) == []
    assert differences(table(10), {"public.t": 9}, table(10)) == ["public.t has 9 rows instead of 10"]


@pytest.mark.parametrize(("restored", "right"), [(8, True), (12, True), (15, True), (16, False), (4, False)])
def test_a_busy_one_lies_within_what_was_changed_meanwhile(restored: int, right: bool) -> None:
    found = differences(table(10, 100), {"public.t": restored}, table(12, 103))
    assert (found == []) is right


def test_a_table_that_is_missing_or_too_many_is_named() -> None:
    assert differences(table(1), {}, table(1)) == ["public.t is missing"]
    assert differences({}, {"public.x": 1}, {}) == ["public.x is too many"]


def test_a_table_that_was_made_or_dropped_meanwhile_may_be_there_or_not() -> None:
    assert differences({}, {"public.t": 1}, table(1)) == []
    assert differences({}, {}, table(1)) == []
    assert differences(table(1), {}, {}) == []


def test_statistics_that_were_reset_meanwhile_do_not_narrow_it() -> None:
    assert differences(table(10, 100), {"public.t": 10}, table(10, 0)) == []
