from __future__ import annotations

from bench.cases import Case, Sample
from bench.table import render, rows


def sample(
    tool: str, seconds: float, case: Case = Case.AGAIN, round_trip: int = 0, connections: int = 1
) -> Sample:
    return Sample(
        tool=tool,
        case=case,
        round_trip=round_trip,
        run=1,
        seconds=seconds,
        connections=connections,
        channels=connections * 2,
    )


def test_the_median_is_not_moved_by_one_slow_run() -> None:
    (row,) = rows([sample("ours", 2.0), sample("ours", 2.2), sample("ours", 90.0)])
    assert (row.seconds, row.least, row.most, row.count) == (2.2, 2.0, 90.0, 3)


def test_the_ratio_is_the_tools_time_divided_by_ours() -> None:
    ours, ansible = rows([sample("ours", 4.0), sample("ansible", 30.0)])
    assert (ours.ratio, ansible.ratio) == (1.0, 7.5)


def test_a_ratio_compares_only_the_same_case_at_the_same_distance() -> None:
    summary = rows(
        [
            sample("ours", 1.0),
            sample("ours", 2.0, round_trip=180),
            sample("ours", 5.0, Case.FIRST),
            sample("ansible", 10.0),
            sample("ansible", 10.0, round_trip=180),
            sample("ansible", 10.0, Case.FIRST),
        ]
    )
    ratios = {(row.case, row.round_trip): row.ratio for row in summary if row.tool == "ansible"}
    assert ratios == {(Case.AGAIN, 0): 10.0, (Case.AGAIN, 180): 5.0, (Case.FIRST, 0): 2.0}


def test_without_a_measurement_of_ours_there_is_no_ratio() -> None:
    (row,) = rows([sample("shell", 3.0)])
    assert row.ratio is None
    assert " - " in render([row])


def test_rows_come_by_distance_and_case_and_tools_in_the_order_they_were_run() -> None:
    summary = rows(
        [
            sample("shell", 1.0, round_trip=180),
            sample("ours", 1.0, Case.CHANGE),
            sample("shell", 1.0, Case.FIRST),
            sample("ours", 1.0, Case.FIRST),
        ]
    )
    assert [(row.round_trip, row.case, row.tool) for row in summary] == [
        (0, Case.FIRST, "shell"),
        (0, Case.FIRST, "ours"),
        (0, Case.CHANGE, "ours"),
        (180, Case.AGAIN, "shell"),
    ]


def test_the_table_has_a_block_for_each_distance_with_connections_and_channels() -> None:
    text = render(rows([sample("ours", 4.04, connections=3), sample("ours", 8.0, round_trip=180)]))
    near, far = text.split("\n\n")
    assert near.splitlines()[0] == "0 ms added to the round trip"
    assert far.splitlines()[0] == "180 ms added to the round trip"
    assert near.splitlines()[2].split() == [
        *("again,", "nothing", "to", "do"), "ours", "1", "4.0", "s", "4.0", "s", "4.0", "s", "1.0", "3", "6",
    ]  # fmt: skip


def test_every_line_of_a_block_has_its_columns_below_the_headings() -> None:
    lines = render(rows([sample("ours", 4.0), sample("ansible", 123.4, connections=20)])).splitlines()[1:]
    assert len({len(line) for line in lines}) == 1
