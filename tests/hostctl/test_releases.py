"""The way back without Pulumi, and what each service runs."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest

from hostctl import checks
from hostctl.errors import HostError
from hostctl.releases import rollback, status
from hostctl.store import Store
from tests.hostctl.kinds.test_deployment import SERVICE, Host, deploy, host
from tests.hostctl.kinds.test_deployment import thing as deployed

__all__ = ["host"]


def remember(store: Store, host: Host, version: str) -> None:
    """As a transaction leaves it."""
    thing = deployed(host, version)
    entry: dict[str, Any] = {"id": thing.id, "kind": thing.name, "record": thing.record(), "origin": {}}
    store.write_manifest("service-sales-qa", {"unit": "u", "things": [entry], "status": "applied"})


def test_the_release_before_serves_again_and_the_settings_see_a_difference(host: Host, store: Store) -> None:
    deploy(host)
    second = deploy(host, "2")
    remember(store, host, "2")
    assert rollback(store, SERVICE) == f"{SERVICE}: version 1 serves instead of 2"
    assert host.serving == f"/run/{SERVICE}-blue/http.sock"
    assert host.running == {f"{SERVICE}@blue.service"}
    assert second.differs(second.observe()) == ["version 1 -> 2"]
    assert (host.log()[-1]["what"], host.log()[-1]["result"]) == ("rollback", "serves")


def test_a_release_before_that_does_not_get_ready_does_not_serve(host: Host, store: Store) -> None:
    deploy(host)
    deploy(host, "2")
    remember(store, host, "2")
    host.refused = {"/health/ready"}
    with pytest.raises(HostError):
        rollback(store, SERVICE)
    assert host.serving == f"/run/{SERVICE}-green/http.sock"


def test_a_first_release_has_no_way_back_and_an_unknown_service_none_at_all(host: Host, store: Store) -> None:
    deploy(host)
    remember(store, host, "1")
    with pytest.raises(HostError, match="has no release to go back to"):
        rollback(store, SERVICE)
    with pytest.raises(HostError, match="no service other was deployed here") as unknown:
        rollback(store, "other")
    assert SERVICE in unknown.value.hint


def test_each_service_is_told_with_version_health_and_last_deployment(
    host: Host, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(host)
    deploy(host, "2")
    remember(store, host, "2")
    monkeypatch.setattr(checks, "attempt", lambda *_: "status 503: no database\nmore")
    (told,) = status(store)
    assert (told["service"], told["version"], told["serving"]) == (SERVICE, "2", "green")
    assert told["health"] == "status 503: no database"
    assert (told["last"]["from"], told["last"]["to"]) == ("1", "2")


def test_memory_is_that_of_the_main_process_where_the_kernel_counts_none_for_the_unit(
    host: Host, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(host)
    remember(store, host, "1")
    monkeypatch.setattr(checks, "attempt", lambda *_: None)
    for pid, least in ((str(os.getpid()), 2**20), ("0", None)):
        shown = subprocess.CompletedProcess([], 0, f"MainPID={pid}\nMemoryCurrent=[not set]\n", "")
        monkeypatch.setattr("hostctl.releases.run", lambda *_, shown=shown, **__: shown)
        (service,) = status(store)
        assert service["memory"] is None if least is None else service["memory"] > least
