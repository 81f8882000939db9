"""What systemd answers, as the notifier reads it."""

from __future__ import annotations

import shutil

import pytest

from notifier.host import Unit, elapses, parsed

ANSWER = """Id=a.service
LoadState=loaded
ActiveState=failed
Result=exit-code
ExecMainStatus=203
ExecMainStartTimestamp=@1764180000
InactiveEnterTimestamp=@1764180001

Id=b.timer
LoadState=not-found
ActiveState=inactive
Result=success
InactiveEnterTimestamp=
"""


def test_each_unit_is_read_in_the_order_of_the_question() -> None:
    assert parsed(["a.service", "b.timer"], ANSWER) == {
        "a.service": Unit(
            name="a.service",
            active="failed",
            result="exit-code",
            status=203,
            started=1764180000,
            ended=1764180001,
        ),
        "b.timer": Unit(name="b.timer", load="not-found"),
    }


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze on this machine")
def test_a_calendar_elapses_first_after_the_given_time() -> None:
    assert elapses("*-*-* 05:00:00 UTC", 1764180000) == 1764219600
    assert elapses("nonsense", 1764180000) is None
