from __future__ import annotations

import pytest

from bench.errors import BenchError
from bench.load import Request
from bench.releases_table import Deploy, render, summary


def answered(sent: float, seconds: float, instance: str, status: int = 200) -> Request:
    return Request(sent=sent, seconds=seconds, status=status, error="", instance=instance)


REQUESTS = [
    answered(10.0, 0.010, "1/blue"),
    answered(11.0, 0.020, "1/blue"),
    answered(12.0, 0.250, "", status=502),
    answered(12.5, 0.500, "2/green"),
    answered(14.0, 0.010, "2/green"),
]


def test_a_load_is_summed_up_with_its_failures_and_the_time_until_a_version_answers() -> None:
    found = summary("ours", 1, REQUESTS, [Deploy(version="2", begun=11.5)], refused=1)
    assert (found.total, found.failed, found.sent) == (5, 1, 1.25)
    assert (found.p50, found.p99, found.most) == (0.020, 0.5, 0.5)
    assert found.serving == 1.5


def test_a_rollback_counts_the_answers_after_its_begin_and_not_those_before() -> None:
    back = [*REQUESTS, answered(20.0, 0.0, "1/blue")]
    assert summary("ours", 1, back, [Deploy(version="1", begun=15.0)], refused=0).serving == 5.0


def test_a_version_that_never_answered_is_no_figure() -> None:
    with pytest.raises(BenchError, match="version 3 never answered"):
        summary("ours", 1, REQUESTS, [Deploy(version="3", begun=11.5)], refused=0)


def test_the_table_has_a_line_for_each_way() -> None:
    idle = summary("nothing deployed", 1, REQUESTS, [], refused=0)
    ours = summary("pulumi up", 1, REQUESTS, [Deploy(version="2", begun=11.5)], refused=1)
    first, headings, *lines = render([idle, ours], 0.05).splitlines()
    assert first == "1 requests per second asked for; the service itself starts in 0.05 s"
    assert headings.split()[0] == "way"
    assert [line.split()[-1] for line in lines] == ["-", "s"]
    assert lines[1].split("  ")[0] == "pulumi up"
    assert "500.0 ms" in lines[1] and "1.50 s" in lines[1]


def test_without_the_control_nobody_knows_how_long_the_service_itself_starts() -> None:
    idle = summary("nothing deployed", 1, REQUESTS, [], refused=0)
    assert render([idle], None).splitlines()[0] == "1 requests per second asked for"
