"""What the program is told about its environment, written by the deployment; it holds the channels' secrets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Slack:
    """An incoming webhook. ``url``: https, secret as a whole."""

    url: str


@dataclass(frozen=True, kw_only=True)
class Mail:
    """An SMTP relay. ``port`` 465: TLS from the first byte; any other: STARTTLS, and nothing is sent without it."""

    sender: str
    to: tuple[str, ...]
    host: str
    port: int
    user: str
    password: str


@dataclass(frozen=True, kw_only=True)
class Config:
    """``host``: as people call it. ``sources``: folder of what is looked at. ``state``: what is kept between looks.

    ``remind`` (seconds): how often something that goes on failing is told again.
    """

    environment: str
    host: str
    sources: Path
    state: Path
    remind: float
    slack: Slack | None = None
    mail: Mail | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must appear in no message."""
        found = [self.slack.url] if self.slack else []
        return (*found, self.mail.password) if self.mail else tuple(found)

    def without_secrets(self, text: str) -> str:
        """The text, with no secret of the channels in it."""
        for secret in self.secrets:
            text = text.replace(secret, "[secret]")
        return text


def parse(text: str) -> Config:
    """The configuration that the deployment has written."""
    raw: dict[str, Any] = json.loads(text)
    slack, mail = raw.pop("slack"), raw.pop("mail")
    raw |= {name: Path(raw[name]) for name in ("sources", "state")}
    return Config(
        **raw,
        slack=Slack(**slack) if slack else None,
        mail=Mail(**mail | {"to": tuple(mail["to"])}) if mail else None,
    )
