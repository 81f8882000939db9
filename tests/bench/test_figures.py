from __future__ import annotations

from bench.figures import Edits, Figure, Part, Step, render_edits, render_hosts, render_looking, summaries


def figure(
    step: Step,
    seconds: float,
    *,
    hosts: int = 1,
    round_trip: int = 0,
    hosts_processor: float | None = 0.5,
    unobserved: int = 0,
) -> Figure:
    return Figure(
        part=Part.LOOKING,
        step=step,
        hosts=hosts,
        round_trip=round_trip,
        run=1,
        seconds=seconds,
        processor=2.0,
        hosts_processor=hosts_processor,
        connections=hosts,
        unobserved=unobserved,
        load=1.0,
    )


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_the_median_is_not_moved_by_one_slow_run_and_hosts_that_were_not_asked_add_up() -> None:
    (line,) = summaries([figure(Step.PREVIEW, s, unobserved=1) for s in (2.0, 2.2, 90.0)])
    assert (line.count, line.seconds, line.least, line.most, line.unobserved) == (3, 2.2, 2.0, 90.0, 3)


def test_numbers_of_hosts_and_distances_are_not_mixed() -> None:
    found = summaries(
        [
            figure(Step.PREVIEW, 3.0, round_trip=180),
            figure(Step.PREVIEW, 2.0, hosts=20),
            figure(Step.PREVIEW, 1.0, hosts=5),
            figure(Step.BLIND_PREVIEW, 0.5, hosts=20),
        ]
    )
    assert [(s.round_trip, s.step, s.hosts) for s in found] == [
        (0, Step.BLIND_PREVIEW, 20),
        (0, Step.PREVIEW, 5),
        (0, Step.PREVIEW, 20),
        (180, Step.PREVIEW, 1),
    ]


def test_what_a_look_costs_is_the_difference_at_the_same_distance() -> None:
    found = summaries(
        [
            figure(Step.ADD, 60.0),
            figure(Step.BLIND_PREVIEW, 2.0),
            figure(Step.PREVIEW, 2.5),
            figure(Step.BLIND_PREVIEW, 2.0, round_trip=180),
            figure(Step.PREVIEW, 4.5, round_trip=180),
        ]
    )
    _, *lines = render_looking(found).splitlines()
    assert [(cells(line)[0], cells(line)[6]) for line in lines] == [
        ("0 ms", "-"),
        ("0 ms", "+0.5 s"),
        ("180 ms", "-"),
        ("180 ms", "+2.5 s"),
    ]


def test_hosts_are_compared_with_the_fewest_in_the_same_step() -> None:
    found = summaries(
        [
            figure(Step.ADD, 60.0),
            figure(Step.PREVIEW, 4.0),
            figure(Step.PREVIEW, 5.0, hosts=20),
            figure(Step.AGAIN, 8.0),
            figure(Step.AGAIN, 8.0, hosts=20),
        ]
    )
    _, *lines = render_hosts(found).splitlines()
    assert [cells(line)[6] for line in lines] == ["-", "1.00", "1.25", "1.00", "1.00"]


def test_where_nobody_counts_the_hosts_processor_time_there_is_a_dash() -> None:
    (line,) = summaries([figure(Step.PREVIEW, 1.0, hosts_processor=None)])
    assert line.hosts_processor is None
    assert cells(render_hosts([line]).splitlines()[1])[8] == "-"


def test_hand_edits_are_told_with_what_was_found_invented_and_repaired() -> None:
    edits = Edits(made=47, kinds=14, found=46, invented=2, left=1, preview=5.04, repair=20.0, load=1.0)
    values = [line[24:] for line in render_edits(edits).splitlines()]
    assert values == ["47, of 14 kinds", "46 in 5.0 s", "2", "46 in 20.0 s", "1.0"]
