"""Receivers on loopback, and a configuration that leads to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notifier.config import Config, Mail, Slack
from tests.certificates import Certificates, certificates
from tests.notifier.receivers import PASSWORD, PATH, USER, Relay, Webhook, relay, webhook

LOOPBACK = "127.0.0.1"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates"), "localhost")


@pytest.fixture
def trusted(made: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CA of the receivers is one that this process trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))


@pytest.fixture
def hook(made: Certificates) -> Iterator[Webhook]:
    with webhook(LOOPBACK, made) as server:
        yield server


@pytest.fixture
def post_office(made: Certificates) -> Iterator[Relay]:
    with relay(LOOPBACK, made) as known:
        yield known


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Without a channel; tests add those that they want."""
    (tmp_path / "sources").mkdir()
    return Config(
        environment="qa", host="main (192.0.2.10)", sources=tmp_path / "sources", state=tmp_path, remind=86400
    )


def slack_at(server: Webhook) -> Slack:
    return Slack(url=f"https://localhost:{server.port}{PATH}")


def mail_at(known: Relay) -> Mail:
    return Mail(
        sender="alerts@example.com",
        to=("ops@example.com", "other@example.com"),
        host="localhost",
        port=known.port,
        user=USER,
        password=PASSWORD,
    )
