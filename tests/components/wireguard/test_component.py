"""The tunnel's resources, against Pulumi's mocks."""

from __future__ import annotations

import json

import pytest

from components.foreseen import REPORT
from components.wireguard import Member, Wireguard, WireguardArgs, WireguardSpec
from components.wireguard.keys import key_pair
from tests.components.recording import Recording, record, seed, target

HOSTS = {"main": "10.66.0.1", "data": "10.66.0.2"}
SPEC = WireguardSpec(
    members=tuple(Member(name=n, address=a, reached_at="192.0.2.1") for n, a in HOSTS.items()),
    network="10.66.0.0/24",
)


def tunnel(rotation: int = 0) -> Recording:
    args = WireguardArgs(targets={name: target() for name in HOSTS}, spec=SPEC, rotation=rotation)
    return record(lambda: Wireguard("wireguard", args))


def test_no_host_asks_another_one_before_all_have_their_interface() -> None:
    recording = tunnel()
    interfaces = {"wireguard-main", "wireguard-data"}
    for name in interfaces:
        assert recording.before(f"{name}-peers") >= interfaces
        assert not interfaces & recording.before(name), "hosts are configured side by side"


def test_each_host_gets_its_own_key_and_the_public_ones_of_the_others() -> None:
    recording = tunnel()
    for own, other in (("main", "data"), ("data", "main")):
        resource = recording[f"wireguard-{own}"]
        assert resource.is_secret("stdin")
        text = resource.plain("stdin")
        assert key_pair(seed(f"wireguard-{own}-key")).private in text
        assert key_pair(seed(f"wireguard-{other}-key")).public in text
        assert json.loads(text)["unit"] == "wireguard"


def test_a_rotation_makes_every_key_anew() -> None:
    kind = "random:index/randomBytes:RandomBytes"
    assert {r.inputs.get("keepers") for r in tunnel().of(kind)} == {None}
    turned = tunnel(rotation=2).of(kind)
    assert [r.plain("keepers") for r in turned] == [{"turn": "2"}] * len(HOSTS)
    assert [r.plain("length") for r in turned] == [32] * len(HOSTS)


def test_policies_are_shown_the_units_before_there_are_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REPORT, "report.json")
    monkeypatch.setattr("pulumi.runtime.is_dry_run", lambda: True)
    monkeypatch.setattr("pulumi.contains_unknowns", lambda _: True)
    assert json.loads(tunnel()["wireguard-main"].plain("stdin"))["unit"] == "wireguard"
