"""The table of the times that a way back takes."""

from __future__ import annotations

import pytest

from bench.restores import Timing, main, render


def test_the_table_gives_seconds_per_gigabyte_and_what_is_not_known_as_a_dash() -> None:
    text = render(
        [
            Timing(what="pg_restore", seconds=30.0),
            Timing(what="dhanman-restore cluster", seconds=12.5, loses=41.2, down=9.9),
        ],
        2.5,
    )
    first, heading, *lines = [line.split() for line in text.splitlines()]
    assert first == ["a", "database", "of", "2.50", "GB"]
    assert heading == ["what", "seconds", "s/GB", "service", "down", "loses", "at", "most"]
    assert lines[0] == ["pg_restore", "30.0", "12.0", "-", "-"]
    assert lines[1] == ["dhanman-restore", "cluster", "12.5", "5.0", "9.9", "s", "41", "s"]


@pytest.mark.parametrize("size", ["0", "-1", "101", "much"])
def test_a_size_that_makes_no_sense_is_refused(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--gigabytes={size}"])
    assert ended.value.code == 2
    assert "--gigabytes" in capsys.readouterr().err
