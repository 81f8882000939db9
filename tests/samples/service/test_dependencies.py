"""What the readiness check says about a dependency that is not there."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from dhanman_sample import dependencies
from dhanman_sample.settings import Settings

_SETTINGS = Settings(
    values={
        "connectionstrings:defaultconnection": "Host=localhost;Password='sen tinel'",
        "rabbitmq:host": "localhost",
    }
)


def test_a_missing_driver_names_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("psycopg", "psycopg2", "pika"):
        monkeypatch.setitem(sys.modules, name, None)
    checks = dependencies.check_all(_SETTINGS)
    assert checks["postgres"].detail == "the Debian package python3-psycopg is not installed"
    assert checks["rabbitmq"].detail == "the Debian package python3-pika is not installed"
    assert not any(check.healthy for check in checks.values())


def test_what_is_not_set_is_named() -> None:
    checks = dependencies.check_all(Settings(values={}))
    assert checks["postgres"].detail == "ConnectionStrings:DefaultConnection is not set"
    assert checks["rabbitmq"].detail == "RabbitMq:Host is not set"


def test_a_refused_login_says_why_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(Exception):
        pass

    def connect(**arguments: object) -> None:
        raise Refused(f"no entry for {arguments}\nsecond line")

    driver = ModuleType("psycopg")
    driver.__dict__.update(connect=connect, Error=Refused)
    monkeypatch.setitem(sys.modules, "psycopg", driver)
    check = dependencies.check_all(_SETTINGS)["postgres"]
    assert check.detail.startswith("Refused: no entry for")
    assert "second line" in check.detail
    assert "sen tinel" not in check.detail
