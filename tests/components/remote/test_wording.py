"""A forecast as people read it."""

from __future__ import annotations

from typing import Any

from components.remote.observation import Drift
from components.remote.wording import LONGEST_LIST, announcement

NOTHING: dict[str, Any] = {"things": [], "removed": [], "kept": [], "effects": [], "conflicts": []}


def thing(name: str, *differences: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "differences": list(differences), **more}


def drift(*differences: str) -> Drift:
    return Drift(differences=differences, mark="m")


def said(found: Drift | None = None, **forecast: Any) -> list[str]:
    return announcement("qa-1", found, NOTHING | forecast).splitlines()


def test_what_will_be_refused_is_told_with_its_reason() -> None:
    text = announcement("main", None, NOTHING | {"refused": ["the cluster: no restore drill"]})
    assert text.splitlines() == [
        "on main, will be refused (see docs/operations.md, The gate):",
        "  the cluster: no restore drill",
    ]


def test_a_file_is_shown_line_by_line_with_host_and_path_and_then_what_happens() -> None:
    file = thing("file:/etc/a", "content", diff=["@@ -1 +1 @@", "-old", "+new"], cut=0)
    assert said(things=[file], effects=["reload nginx.service"]) == [
        "on qa-1, will be changed:",
        "  file:/etc/a: content",
        "    --- qa-1:/etc/a",
        "    +++ /etc/a as wanted",
        "    @@ -1 +1 @@",
        "    -old",
        "    +new",
        "and then:",
        "  reload nginx.service",
    ]


def test_a_cut_difference_says_how_much_was_cut() -> None:
    lines = said(things=[thing("file:/etc/a", "content", diff=["-old"], cut=7)])
    assert lines[-1] == "    ... and 7 more lines"


def test_secret_content_is_named_and_not_shown() -> None:
    lines = said(things=[thing("file:/etc/a", "content", secret=True)])
    assert lines[-1] == "    (the content is secret and not shown)"


def test_what_will_be_put_back_is_told_once() -> None:
    lines = said(drift("sysctl:a: 1 -> 2"), things=[thing("sysctl:a", "1 -> 2")])
    assert lines == ["on qa-1, other than what was applied, will be put back:", "  sysctl:a: 1 -> 2"]


def test_a_drift_that_the_change_does_not_mend_is_told_apart_from_it() -> None:
    lines = said(drift("reverted: nobody confirmed"), things=[thing("sysctl:a", "1 -> 2")])
    assert lines == [
        "on qa-1, other than what was applied:",
        "  reverted: nobody confirmed",
        "on qa-1, will be changed:",
        "  sysctl:a: 1 -> 2",
    ]


def test_what_is_new_is_named_and_beyond_a_screenful_counted() -> None:
    lines = said(things=[thing(f"file:/etc/{n}", "missing") for n in range(LONGEST_LIST + 3)])
    assert lines[0] == "on qa-1, will be made:"
    assert lines[-1] == "  ... and 3 more"
    assert len(lines) == LONGEST_LIST + 2


def test_what_goes_what_stays_and_what_is_in_the_way() -> None:
    assert said(
        removed=["file:/etc/a"], kept=["postgres_database:a"], conflicts=["file:/etc/b (content)"]
    ) == [
        "on qa-1, will be removed:",
        "  file:/etc/a",
        "on qa-1, no longer wanted; their data stays:",
        "  postgres_database:a",
        "on qa-1, in the way, and not made by this program (see adopt):",
        "  file:/etc/b (content)",
    ]


def test_a_failure_that_can_be_foreseen_is_told_and_nothing_else() -> None:
    text = announcement("qa-1", None, {"problem": "version 1 is there with other content"})
    assert text == "on qa-1, this will fail: version 1 is there with other content"


def test_nothing_to_change_is_nothing_to_say() -> None:
    assert announcement("qa-1", None, NOTHING) == ""
