"""A new version that gets a share of the requests first: whom which link leads to, whatever comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hostctl import canary, slots
from hostctl.errors import HostError
from tests.hostctl.kinds.test_deployment import SERVICE, Host, deploy, host, thing

__all__ = ["host"]
CANARY = {"share": 10, "seconds": 30, "log": "/dev/null", "least": 5, "errors": 0.01, "latency": 1.5}


class Trials:
    """In the place of the real thing: whom the share reached meanwhile, and how it ends."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.reached: list[str] = []
        self.refuse = False

    @property
    def link(self) -> Path:
        return self.host.root / "run/sales-canary.sock"

    def trial(self, terms: canary.Terms, **told: Any) -> str:
        assert terms.seconds == CANARY["seconds"]
        assert told["link"] == self.link
        assert slots.target(self.link) == self.host.serving
        told["begin"]()
        assert told["is_alive"]()
        self.reached.append(f"{slots.target(self.link)} beside {self.host.serving}")
        if self.refuse:
            raise HostError("the canary was refused")
        return "new: 5 requests"


@pytest.fixture
def trials(host: Host, monkeypatch: pytest.MonkeyPatch) -> Trials:
    made = Trials(host)
    monkeypatch.setattr(canary, "trial", made.trial)
    for version in ("1", "2", "3"):
        (host.root / f"sales/releases/{version}.sha256").write_text("digest")
    return made


def test_a_new_version_is_tried_with_a_share_while_the_old_one_serves(host: Host, trials: Trials) -> None:
    deploy(host, canary=CANARY)
    assert trials.reached == [], "there is nothing to compare it with"
    deploy(host, "2", canary=CANARY)
    blue, green = (f"/run/{SERVICE}-{name}/http.sock" for name in slots.SLOTS)
    assert trials.reached == [f"{green} beside {blue}"]
    assert slots.target(trials.link) == host.serving == green
    assert host.log()[-1]["canary"] == "new: 5 requests"


def test_a_version_that_fails_its_trial_gives_the_share_back(host: Host, trials: Trials) -> None:
    deploy(host, canary=CANARY)
    trials.refuse = True
    second = thing(host, "2", canary=CANARY)
    before = second.observe()
    assert before
    with pytest.raises(HostError, match="the canary was refused"):
        second.apply(before)
    second.restore(before)
    assert slots.target(trials.link) == host.serving == f"/run/{SERVICE}-blue/http.sock"
    assert host.running == {f"{SERVICE}@blue.service"}
    assert second.observe() == before
    assert host.log()[-1] | {"result": "refused", "reason": "the canary was refused"} == host.log()[-1]


def test_other_settings_and_the_way_back_are_not_tried(host: Host, trials: Trials) -> None:
    deploy(host, canary=CANARY)
    deploy(host, "2", canary=CANARY)
    trials.reached.clear()
    deploy(host, "2", canary=CANARY, settings="{}")
    deploy(host, "1", canary=CANARY)
    assert trials.reached == []
    deploy(host, "3", canary=CANARY)
    assert len(trials.reached) == 1


def test_a_share_that_a_broken_run_left_with_the_idle_slot_is_a_difference_and_taken_back(
    host: Host, trials: Trials
) -> None:
    deployed = deploy(host, canary=CANARY)
    trials.link.unlink()
    trials.link.symlink_to(f"/run/{SERVICE}-green/http.sock")
    assert deployed.differs(deployed.observe()) == ["the canary's share reaches green"]
    deployed.apply(deployed.observe())
    assert slots.target(trials.link) == host.serving
    assert deployed.differs(deployed.observe()) == []


def test_without_a_canary_any_more_the_second_link_goes_with_the_next_deployment(
    host: Host, trials: Trials
) -> None:
    deploy(host, canary=CANARY)
    deploy(host, "2")
    assert not trials.link.is_symlink()


def test_taking_a_service_with_a_canary_away_leaves_no_link(host: Host, trials: Trials) -> None:
    origin = thing(host, canary=CANARY).observe()
    assert origin
    deploy(host, canary=CANARY).restore(origin)
    assert not list((host.root / "run").iterdir())
