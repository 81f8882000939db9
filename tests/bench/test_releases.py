from __future__ import annotations

import pytest

from bench.releases import Plan, main


@pytest.mark.parametrize("arguments", [["--rate", "0"], ["--seconds", "0"], ["--deploys", "2"]])
def test_a_measurement_that_would_say_nothing_is_refused_before_anything_starts(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert "at least 1 request per second, 1 second and 3 deploys" in capsys.readouterr().err


def test_a_way_that_nobody_knows_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--ways", "socket,reload"])
    assert "'reload' is none of calm, idle, socket, ports, control" in capsys.readouterr().err


def test_both_forms_are_measured_unless_one_is_chosen() -> None:
    plan = Plan(rate=1, seconds=1, deploys=3, rollbacks=2)
    assert plan.forms == ["socket", "ports"]
    assert Plan(rate=1, seconds=1, deploys=3, rollbacks=2, ways=["control", "ports"]).forms == ["ports"]
