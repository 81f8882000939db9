"""Whole rounds: from a report on disk to what the operator gets, and what monitoring reads of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import pytest

from notifier import __main__ as program
from notifier import host, rounds
from notifier.channels import channels
from notifier.config import Config
from notifier.host import Unit
from tests.notifier.conftest import mail_at, slack_at
from tests.notifier.receivers import Relay, Webhook


@pytest.fixture(autouse=True)
def no_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    def units(names: Sequence[str]) -> dict[str, Unit]:
        return {name: Unit(name=name, ended=1) for name in names}

    monkeypatch.setattr(host, "units", units)


@pytest.fixture
def told(config: Config, hook: Webhook, post_office: Relay, trusted: None) -> Config:
    """Both channels, and one source."""
    source = {"name": "dumps", "title": "nightly dumps", "next_step": "look", "units": ["dumps.service"]}
    source |= {"report": str(config.state / "report.json")}
    (config.sources / "dumps.json").write_text(json.dumps(source))
    return dataclasses.replace(config, slack=slack_at(hook), mail=mail_at(post_office))


def report(config: Config, result: str, *problems: str) -> None:
    text = json.dumps({"result": result, "problems": problems, "at": "2026-11-26T02:00:00Z"})
    (config.state / "report.json").write_text(text)


def rounded(config: Config) -> dict[str, Any]:
    return rounds.run(config, channels(config))


def test_one_alert_and_one_all_clear_reach_both_channels(
    told: Config, hook: Webhook, post_office: Relay
) -> None:
    report(told, "ok")
    rounded(told)
    report(told, "failed", "no good backup of sales")
    for _ in range(3):
        rounded(told)
    report(told, "ok")
    for _ in range(3):
        rounded(told)
    subjects = [str(mail["Subject"]) for mail in post_office.mails]
    assert subjects == [
        "[qa] main (192.0.2.10): nightly dumps: failing",
        "[qa] main (192.0.2.10): nightly dumps: well again",
    ]
    assert "- no good backup of sales" in hook.texts[0]
    assert len(hook.texts) == 2


def test_a_channel_that_does_not_take_messages_shows_in_status_and_metrics(
    told: Config, hook: Webhook, post_office: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    report(told, "ok")
    rounded(told)
    hook.status = 500
    report(told, "failed", "no room")
    found = rounded(told)
    assert found["result"] == "failed"
    assert found["problems"] == ["slack takes no message: the webhook answers 500 ok"]
    assert (found["waiting"], list(found["failing"])) == (1, ["dumps"])
    assert len(post_office.mails) == 1
    metrics = (told.state / "alerts.prom").read_text().splitlines()
    assert {"dhanman_alerts_success 0", "dhanman_alerts_waiting 1"} <= set(metrics)
    assert 'dhanman_alerts_failing{source="dumps"} 1' in metrics
    assert "slack: not delivered" in capsys.readouterr().out


def test_what_is_remembered_is_for_root_and_what_is_published_for_monitoring(told: Config) -> None:
    report(told, "ok")
    rounded(told)
    modes = {
        name: (told.state / name).stat().st_mode & 0o777
        for name in ("memory.json", "alerts.json", "alerts.prom")
    }
    assert modes == {"memory.json": 0o600, "alerts.json": 0o644, "alerts.prom": 0o644}


def test_a_source_that_is_gone_is_forgotten(told: Config) -> None:
    report(told, "failed", "no room")
    rounded(told)
    (told.sources / "dumps.json").unlink()
    assert rounded(told)["failing"] == {}


def test_a_source_that_cannot_be_read_is_a_problem_of_the_notifier(told: Config) -> None:
    (told.sources / "broken.json").write_text("{")
    assert rounded(told)["result"] == "failed"


def written(config: Config) -> str:
    raw = dataclasses.asdict(config) | {"sources": str(config.sources), "state": str(config.state)}
    path = config.state / "alerts-config.json"
    path.write_text(json.dumps(raw))
    return str(path)


def test_a_test_message_goes_through_every_channel_and_says_which_failed(
    told: Config, hook: Webhook, post_office: Relay, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.notify(written(told), ["test"]) == 0
    assert "a test message" in hook.texts[0]
    assert "Nothing is wrong." in post_office.mails[0].get_content()
    hook.status = 404
    assert program.notify(written(told), ["test"]) == 1
    said = capsys.readouterr()
    assert "slack: not delivered: the webhook answers 404 ok\nemail: delivered" in said.out
    assert "next: correct dhanman:alerts" in said.err


def test_a_look_ends_with_1_while_messages_cannot_be_delivered(told: Config, hook: Webhook) -> None:
    report(told, "ok")
    assert program.notify(written(told), ["look"]) == 0
    assert program.notify(written(told), ["status"]) == 0
    hook.status = 500
    report(told, "failed", "no room")
    assert program.notify(written(told), ["look"]) == 1
    assert program.notify(written(told), ["status"]) == 1
