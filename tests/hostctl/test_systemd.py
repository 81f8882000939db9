"""What systemd is asked and told."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostctl.errors import HostError
from hostctl.log_files import LogFiles
from hostctl.systemd import asked_at_once, properties, tell
from tests.hostctl.tools import Tools

SHOW = "systemctl show"


def _block(state: str) -> str:
    return f"LoadState=loaded\nActiveState={state}\nDropInPaths=/etc/a=b.conf\n"


def test_a_value_may_hold_an_equals_sign(tools: Tools) -> None:
    tools.answer(SHOW, f"{_block('active')}\nno property\n")
    shown = properties("a.service")
    assert shown == {"LoadState": "loaded", "ActiveState": "active", "DropInPaths": "/etc/a=b.conf"}


def test_many_units_are_asked_in_one_call_and_each_has_its_own_answer(tools: Tools) -> None:
    tools.answer(SHOW, f"{_block('active')}\n{_block('failed')}")
    with asked_at_once(["b.service", "a.service", "b.service"]):
        assert properties("a.service")["ActiveState"] == "active"
        assert properties("b.service")["ActiveState"] == "failed"
    assert [call.split()[3:] for call in tools.calls] == [["a.service", "b.service"]]


def test_a_unit_that_was_not_named_is_asked_for_itself(tools: Tools) -> None:
    tools.answer(SHOW, _block("active"))
    with asked_at_once(["a.service"]):
        properties("c.service")
    assert tools.calls[-1].endswith(" c.service")


def test_nothing_is_remembered_afterwards_even_after_an_error(tools: Tools) -> None:
    tools.answer(SHOW, _block("active"))
    with pytest.raises(HostError), asked_at_once(["a.service"]):
        raise HostError("broken")
    tools.answer(SHOW, _block("failed"))
    assert properties("a.service")["ActiveState"] == "failed"


def test_who_asks_within_gets_what_is_known_and_forgets_only_what_is_its_own(tools: Tools) -> None:
    tools.answer(SHOW, _block("active"))
    with asked_at_once(["a.service"]):
        with asked_at_once(["a.service", "b.service"]):
            assert properties("b.service")["ActiveState"] == "active"
        properties("a.service")
        assert [call.split()[3:] for call in tools.calls] == [["a.service"], ["b.service"]]
        properties("b.service")
    assert len(tools.calls) == 3


def test_without_units_nobody_is_asked(tools: Tools) -> None:
    with asked_at_once([]):
        pass
    assert tools.calls == []


def test_blocks_that_do_not_match_the_units_are_not_believed(tools: Tools) -> None:
    tools.answer(SHOW, _block("active"), once=True)
    with asked_at_once(["a.service", "b.service"]):
        tools.answer(SHOW, _block("failed"))
        assert properties("a.service")["ActiveState"] == "failed"
    assert len(tools.calls) == 2


def test_a_unit_is_told_once_and_success_asks_for_no_log(tools: Tools) -> None:
    tell("restart", "a.service")
    assert tools.calls == ["systemctl restart a.service"]


def test_a_refusal_names_the_unit_and_its_last_words_from_journal_and_log(
    tools: Tools, tmp_path: Path
) -> None:
    log = tmp_path / "a.log"
    log.write_text("of an older failure\n")
    logs = LogFiles([str(log)])
    log.write_text(log.read_text() + "".join(f"log {n}\n" for n in range(3)))
    tools.answer("systemctl start", err="Job for a.service failed.\nSee more.\n", status=1)
    tools.answer("journalctl", "".join(f"journal {n}\n" for n in range(30)))
    with pytest.raises(HostError) as refused:
        tell("start", "a.service", logs)
    assert refused.value.what == "systemctl start a.service: Job for a.service failed."
    words = [line.strip() for line in refused.value.details.splitlines()]
    quoted = [f"last lines of {log}:", *(f"log {n}" for n in range(3))]
    assert words == [*(f"journal {n}" for n in range(22, 30)), *quoted]
    assert "systemctl status a.service" in refused.value.hint


def test_a_refusal_without_a_word_is_told_all_the_same(tools: Tools) -> None:
    tools.answer("systemctl", status=5)
    for logs in (None, LogFiles(["/no/such.log"])):
        with pytest.raises(HostError, match=r"systemctl stop a\.service: failed") as refused:
            tell("stop", "a.service", logs)
        assert refused.value.details == ""
