"""A release on trial: over a log of the test, by a clock of the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hostctl import canary
from hostctl.canary import Sample, Side, Tail, Terms, parsed, trial
from hostctl.errors import HostError

LINK = "/run/dhanman/qa/sales-canary.sock"
SERVING = "/run/dhanman/qa/sales.sock"
TERMS = Terms(seconds=10, least=20, errors=0.01, latency=1.5)


def line(socket: str = SERVING, status: str = "200", seconds: str = "0.010", *, agent: str = "curl/8") -> str:
    start = '192.0.2.7 - - [26/Nov/2026:13:00:00 +0000] "POST /echo HTTP/2.0" 200 12 "-"'
    sockets = ", ".join(f"unix:{path}" for path in socket.split(", "))
    return f'{start} "{agent}" sales.dhanman.com 0.011 {seconds} {"a1" * 16} "{sockets}" "{status}"\n'


def side(count: int, *, failed: int = 0, seconds: float = 0.01) -> Side:
    return Side(seconds=[seconds] * count, failed=failed)


@pytest.mark.parametrize(
    ("text", "sample"),
    [
        (line(), Sample(canary=False, failed=False, seconds=0.01)),
        (line(LINK), Sample(canary=True, failed=False, seconds=0.01)),
        (line(LINK, "503", "0.200"), Sample(canary=True, failed=True, seconds=0.2)),
        (line(LINK, "404"), Sample(canary=True, failed=False, seconds=0.01)),
        (line(f"{LINK}, {SERVING}", "502, 200", "0.000, 0.012"), Sample(canary=True, failed=True, seconds=0)),
        (line(LINK, "-", "-"), Sample(canary=True, failed=True, seconds=0)),
        (line(LINK, agent='x" 0.1 0.1 id'), Sample(canary=True, failed=False, seconds=0.01)),
    ],
)
def test_a_line_says_which_release_was_asked_first_and_how_it_answered(text: str, sample: Sample) -> None:
    assert parsed(text, LINK) == sample


@pytest.mark.parametrize(
    "text", ["", "nonsense\n", line("x").replace("unix:x", "-"), line().rpartition(' "unix')[0] + "\n"]
)
def test_a_request_that_reached_no_release_and_a_line_of_another_form_do_not_count(text: str) -> None:
    assert parsed(text, LINK) is None


@pytest.mark.parametrize(
    ("old", "new", "refused"),
    [
        (side(1000), side(100), False),
        (side(1000), side(100, failed=1), False),
        (side(1000), side(100, failed=2), True),
        (side(1000, failed=50), side(100, failed=6), False),
        (side(1000, failed=50), side(100, failed=7), True),
        (side(0), side(3, failed=1), True),
    ],
)
def test_more_failures_than_the_old_one_has_and_the_terms_allow_are_too_many(
    old: Side, new: Side, refused: bool
) -> None:
    assert bool(TERMS.too_many_errors(old, new)) == refused


def test_few_requests_count_as_if_the_missing_ones_went_well() -> None:
    patient = Terms(seconds=10, least=200, errors=0.01, latency=1.5)
    assert not patient.too_many_errors(side(50), side(3, failed=2))
    assert patient.too_many_errors(side(50), side(3, failed=3))


@pytest.mark.parametrize(
    ("old", "new", "refused"),
    [
        (side(100, seconds=0.1), side(100, seconds=0.19), False),
        (side(100, seconds=0.1), side(100, seconds=0.21), True),
        (side(100, seconds=0.001), side(100, seconds=0.05), False),
        (side(19, seconds=0.1), side(100, seconds=9), False),
        (side(100, seconds=0.1), side(19, seconds=9), False),
    ],
)
def test_slower_than_the_terms_allow_is_too_slow_where_both_had_requests_enough(
    old: Side, new: Side, refused: bool
) -> None:
    assert bool(TERMS.too_slow(old, new)) == refused


def test_one_slow_request_in_twenty_is_not_what_95_of_100_take() -> None:
    new = Side(seconds=[0.01] * 95 + [5.0] * 5)
    assert new.slowest == 0.01
    new.add(Sample(canary=True, failed=False, seconds=5.0))
    assert new.slowest == 5.0


def test_the_tail_of_a_log_begins_now_and_goes_on_in_the_file_that_takes_its_place(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("before\n")
    tail = Tail(log)
    with log.open("a") as old:
        old.write("one\ntw")
        old.flush()
        assert list(tail.lines()) == ["one"]
        log.rename(tmp_path / "access.log.1")
        old.write("o\n")
        old.flush()
        assert list(tail.lines()) == ["two"]
        old.write("three\n")
    log.write_text("four\n")
    assert list(tail.lines()) == ["three", "four"]
    tail.close()


def test_a_log_that_is_not_there_yet_is_read_from_its_start(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "access.log")
    assert list(tail.lines()) == []
    (tmp_path / "access.log").write_text("first\n")
    assert list(tail.lines()) == ["first"]


class Clock:
    """Time that passes while somebody sleeps; what happens then."""

    def __init__(self, log: Path) -> None:
        self.now = 0.0
        self.log = log
        self.events: list[tuple[float, Callable[[], object]]] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= canary.PAUSE
        self.now += seconds
        for event in [e for e in self.events if e[0] <= self.now]:
            self.events.remove(event)
            event[1]()

    def answers(self, at: float, *lines: str) -> None:
        def write() -> None:
            with self.log.open("a") as file:
                file.writelines(lines)

        self.events.append((at, write))


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(tmp_path / "access.log")
    made.log.write_text(line(LINK, "500") * 50)
    monkeypatch.setattr(canary, "time", made)
    return made


def watch(clock: Clock, begun: list[float], is_alive: Callable[[], bool] = lambda: True) -> str:
    return trial(TERMS, clock.log, Path(LINK), lambda: begun.append(clock.now), is_alive)


def test_a_good_release_is_watched_for_the_whole_time_and_what_was_before_does_not_count(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    begun: list[float] = []
    clock.answers(2, *[line()] * 180, *[line(LINK)] * 20)
    numbers = watch(clock, begun)
    assert begun == [0.0]
    assert clock.now == TERMS.seconds
    assert numbers == "new: 20 requests, 0% failed, p95 10 ms; old: 180 requests, 0% failed, p95 10 ms"


def test_a_release_that_fails_is_refused_as_soon_as_that_is_sure(clock: Clock) -> None:
    clock.answers(3, *[line()] * 20, *[line(LINK, "500")] * 2)
    with pytest.raises(HostError, match="refused after 3 s: 100% of its requests failed") as refusal:
        watch(clock, [])
    assert "new: 2 requests, 100% failed" in refusal.value.details


def test_a_slow_release_is_refused_at_the_end_when_its_first_moments_are_a_small_part(clock: Clock) -> None:
    clock.answers(1, *[line()] * 50, *[line(LINK, seconds="0.400")] * 50)
    with pytest.raises(HostError, match="refused after 10 s: 95 of 100 requests took up to 400 ms"):
        watch(clock, [])


def test_a_process_that_ends_is_refused_at_once(clock: Clock) -> None:
    with pytest.raises(HostError, match="refused after 4 s: its process has ended"):
        watch(clock, [], is_alive=lambda: clock.now < 4)


def test_too_few_requests_are_said(clock: Clock) -> None:
    clock.answers(1, line(LINK))
    assert "(fewer than 20 requests each: times were not compared)" in watch(clock, [])
