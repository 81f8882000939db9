from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from certctl import keys, reachable, rounds, status
from certctl.config import Config
from certctl.errors import Failure
from certctl.shelf import Shelf
from tests.certctl.conftest import LOGS, OURS, Certbot, Nginx, one, put


@pytest.fixture
def prepared(config: Config, nginx: Nginx) -> Config:
    """Placeholders are served."""
    for name in config.certificates:
        keys.stand_in(config, name)
    nginx.read()
    return config


def report(config: Config) -> dict[str, Any]:
    return status.read(config.state)


def served(config: Config) -> Path | None:
    return Shelf(config.root).served("a.example")


def test_placeholders_are_replaced_and_nginx_is_reloaded_once(
    prepared: Config, certbot: Certbot, nginx: Nginx
) -> None:
    assert rounds.run(prepared, rounds.wrong) == []
    assert (len(certbot.calls), nginx.reloads) == (2, 1)
    found = report(prepared)
    assert (found["result"], found["problems"]) == ("ok", [])
    assert [one["verdict"] for one in found["certificates"].values()] == ["good", "good"]


def test_a_second_round_asks_nobody_and_reloads_nothing(
    prepared: Config, certbot: Certbot, nginx: Nginx
) -> None:
    rounds.run(prepared, rounds.wrong)
    before = served(prepared)
    assert rounds.run(prepared, rounds.due) == []
    assert (len(certbot.calls), nginx.reloads, served(prepared)) == (2, 1, before)


@pytest.mark.parametrize(("days", "deployed", "timed"), [(29, 0, 1), (80, 0, 0), (-1, 1, 1)])
def test_renewal_in_time_is_the_timer_s_and_what_has_expired_everybody_s(
    config: Config, certbot: Certbot, nginx: Nginx, days: int, deployed: int, timed: int
) -> None:
    config = one(config)
    for wanted, calls in ((rounds.wrong, deployed), (rounds.due, timed)):
        put(config, "a.example", days=days, begins=days - 90, origin=OURS)
        nginx.read()
        before = len(certbot.calls)
        assert rounds.run(config, wanted) == []
        assert len(certbot.calls) - before == calls


def test_a_failing_proof_keeps_the_old_one_and_the_others_get_theirs(
    prepared: Config, certbot: Certbot, nginx: Nginx
) -> None:
    before = served(prepared)
    certbot.plan({"fails": True, "log": (LOGS / "invalid.log").read_text()})
    (failure,) = rounds.run(prepared, rounds.wrong)
    assert "the proof was not found" in failure.what
    assert served(prepared) == before
    found = report(prepared)
    assert found["result"] == "failed"
    assert found["problems"] == [failure.what, "a.example: a placeholder is served"]
    assert found["certificates"]["b.example"]["good"] is True
    assert nginx.reloads == 1


def test_what_nginx_does_not_accept_is_never_asked_for(
    prepared: Config, certbot: Certbot, nginx: Nginx
) -> None:
    before = served(prepared)
    nginx.refuses = True
    failures = rounds.run(prepared, rounds.wrong)
    assert (len(certbot.calls), nginx.reloads, served(prepared)) == (0, 0, before)
    assert failures[0].details == "unknown directive"


def test_a_certificate_that_nginx_does_not_accept_is_taken_back(
    config: Config, certbot: Certbot, nginx: Nginx, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = one(config)
    put(config, "a.example", days=29, begins=-61, origin=OURS)
    nginx.read()
    before, answers = served(config), iter([False, True])

    def accepts() -> None:
        nginx.refuses = next(answers, False)
        Nginx.accepts(nginx)

    monkeypatch.setattr("certctl.gateway.accepts", accepts)
    (failure,) = rounds.run(config, rounds.due)
    assert (
        failure.what == "a.example: NGINX does not accept its configuration, so the certificate before stays"
    )
    assert (served(config), nginx.reloads) == (before, 0)


def test_a_rate_limit_is_not_asked_again_before_its_time_and_is_asked_then(
    config: Config, certbot: Certbot, nginx: Nginx
) -> None:
    config = one(config)
    keys.stand_in(config, "a.example")
    nginx.read()
    limited = (LOGS / "limited.log").read_text().replace("retry after 2026", "see 2026")
    certbot.plan({"fails": True, "log": limited})
    (first,) = rounds.run(config, rounds.due)
    (second,) = rounds.run(config, rounds.due)
    assert len(certbot.calls) == 1
    assert "not asked again before" in first.what
    assert second.what == f"not asked now: {first.what}"
    assert second.next_step == "nothing: the timer asks again then"
    waiting = config.state / "waiting.json"
    known = json.loads(waiting.read_text())
    assert 1200 < known["a.example"]["until"] - time.time() < 1240
    known["a.example"]["until"] = time.time() - 1
    waiting.write_text(json.dumps(known))
    assert rounds.run(config, rounds.due) == []
    assert json.loads(waiting.read_text()) == {}


def test_another_server_is_asked_although_the_one_before_wants_patience(
    config: Config, certbot: Certbot, nginx: Nginx
) -> None:
    config = one(config)
    keys.stand_in(config, "a.example")
    nginx.read()
    certbot.plan({"fails": True, "log": (LOGS / "limited.log").read_text()})
    rounds.run(config, rounds.due)
    rounds.run(replace(config, directory="https://staging.example/directory"), rounds.due)
    assert len(certbot.calls) == 2


def test_a_server_that_makes_no_account_is_asked_for_none_of_the_others(
    prepared: Config, certbot: Certbot
) -> None:
    certbot.plan({"fails": True, "account": False, "log": (LOGS / "limited.log").read_text()})
    first, second = rounds.run(prepared, rounds.wrong)
    assert len(certbot.calls) == 1
    assert second.what.startswith(f"b.example: not asked now: {first.what[:40]}")


def test_names_that_lead_elsewhere_are_not_asked_for(
    prepared: Config, certbot: Certbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(_config: Config, domains: tuple[str, ...], _end: float) -> None:
        if "a.example" in domains:
            raise Failure("DNS answers 198.51.100.1 for a.example", "correct the record")

    monkeypatch.setattr(reachable, "wait", wait)
    (failure,) = rounds.run(prepared, rounds.wrong)
    assert failure.what == "DNS answers 198.51.100.1 for a.example"
    assert len(certbot.calls) == 1


def test_what_a_broken_off_run_left_unserved_is_served_by_the_next(
    config: Config, certbot: Certbot, nginx: Nginx
) -> None:
    config = one(config)
    put(config, "a.example", days=80, origin=OURS)
    nginx.shown["a.example"] = "another"
    assert rounds.run(config, rounds.due) == []
    assert (nginx.reloads, certbot.calls) == (1, [])


def test_an_nginx_that_goes_on_showing_another_one_is_told(
    config: Config, certbot: Certbot, nginx: Nginx
) -> None:
    config = one(config)
    put(config, "a.example", days=80, origin=OURS)
    nginx.reads = False
    (failure,) = rounds.run(config, rounds.due)
    assert failure.what == "NGINX shows another certificate than the one it was given, or none: a.example"


def test_a_stopped_nginx_is_left_alone(config: Config, certbot: Certbot, nginx: Nginx) -> None:
    keys.stand_in(config, "a.example")
    nginx.running = False
    assert rounds.run(one(config), rounds.wrong) == []
    assert nginx.reloads == 0


def test_one_that_will_expire_soon_is_told_although_it_is_still_good(
    config: Config, certbot: Certbot, nginx: Nginx
) -> None:
    config = one(config)
    put(config, "a.example", days=10, begins=-80, origin=OURS)
    nginx.read()
    certbot.plan({"fails": True, "log": (LOGS / "invalid.log").read_text()})
    rounds.run(config, rounds.due)
    assert [p for p in report(config)["problems"] if "expires on" in p and "was not renewed" in p]


def test_by_hand_one_certificate_alone_is_asked_for(prepared: Config, certbot: Certbot) -> None:
    rounds.run(prepared, rounds.anything, ("b.example",))
    assert len(certbot.calls) == 1
    assert report(prepared)["certificates"]["a.example"]["good"] is False
