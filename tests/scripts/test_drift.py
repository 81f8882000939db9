"""`make drift`: the table, and when it ends with 1."""

from __future__ import annotations

from typing import Any

from scripts.drift import findings, table, unapplied, verdict

CLEAN: dict[str, Any] = {"one": {"units": {"base": [], "gateway-qa": []}}}
DRIFTED = CLEAN | {"one": {"units": {"base": ["sysctl:a: 1 -> 2"], "gateway-qa": []}}}


def step(name: str, op: str, *reasons: str) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:qa::dhanman::t::{name}", "op": op, "diffReasons": list(reasons)}


def test_what_is_as_it_was_applied_ends_with_0() -> None:
    assert verdict("qa", CLEAN, []) == ("qa: 2 units on 1 hosts are as they were applied", 0)


def test_a_difference_is_a_row_and_ends_with_1() -> None:
    text, status = verdict("qa", DRIFTED, [])
    assert status == 1
    assert text.splitlines()[:2] == ["HOST  UNIT  DIFFERENCE", "one   base  sysctl:a: 1 -> 2"]
    assert "make up STACK=qa" in text


def test_a_host_that_was_not_observed_ends_with_1() -> None:
    text, status = verdict("qa", CLEAN | {"two": {"unreachable": "no answer"}}, [])
    assert status == 1
    assert "not observed: no answer" in text


def test_settings_that_were_not_applied_end_with_1_and_are_no_drift() -> None:
    steps = [
        step("a", "same"),
        step("b", "update", "update"),
        step("c", "update", "stdin"),
        step("d", "create"),
    ]
    assert unapplied(steps) == ["c", "d"]
    text, status = verdict("qa", CLEAN, ["c", "d"])
    assert status == 1
    assert "were not applied yet change 2: c, d" in text


def test_a_stack_whose_hosts_nobody_can_ask_ends_with_1() -> None:
    text, status = verdict("qa", {}, [])
    assert (status, text.startswith("qa: no host was asked")) == (1, True)


def test_columns_are_as_wide_as_their_longest_word() -> None:
    found = findings({"a-long-name": {"units": {"u": ["x"]}}, "b": {"units": {"a-long-unit": ["y"]}}})
    assert len({line.rindex(end) for line, end in zip(table(found).splitlines()[1:], "xy", strict=True)}) == 1
