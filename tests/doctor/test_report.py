"""The findings as text."""

from __future__ import annotations

from doctor.findings import Group, fail, failed, ok, warn
from doctor.report import render

GROUPS = [
    Group(title="Host main", findings=(ok("main sudo", "fine"), fail("main disk /", "2% free", "make room"))),
    Group(title="DNS", findings=()),
    Group(title="Pulumi", findings=(warn("settings", "incomplete", "pulumi config set"),)),
]


def test_each_finding_is_a_line_below_its_group_and_the_sum_ends_it() -> None:
    assert render(GROUPS, colours=False) == (
        "Host main\n"
        "ok    main sudo    fine\n"
        "fail  main disk /  2% free  -> make room\n"
        "\n"
        "Pulumi\n"
        "warn  settings     incomplete  -> pulumi config set\n"
        "\n"
        "1 ok, 1 warn, 1 fail"
    )


def test_colours_change_nothing_but_the_colour() -> None:
    coloured = render(GROUPS, colours=True)
    assert "\x1b[31mfail\x1b[0m  main disk /" in coloured
    assert "\x1b" not in render(GROUPS, colours=False)


def test_what_a_host_says_neither_breaks_a_line_nor_commands_the_terminal() -> None:
    group = Group(title="Host", findings=(ok("main system", "Debian\n\x1b[2Jfail  x"),))
    assert render([group], colours=False).splitlines()[1] == "ok    main system  Debian  [2Jfail  x"


def test_only_a_failure_counts_as_broken() -> None:
    assert failed(GROUPS)
    assert not failed(GROUPS[1:])
