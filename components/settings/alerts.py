"""Who hears of it when something fails on a host.

Source: the deployment document: notifications go to Slack and by e-mail, mail goes out through Brevo's SMTP relay.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from components.settings.base import Model
from components.settings.values import Domain, Email, Port, Positive, Secret, SecretUrl

BREVO = "smtp-relay.brevo.com"
"""Brevo's relay (https://help.brevo.com, "Send transactional emails using Brevo SMTP")."""


class Slack(Model):
    """``webhook_url``: an incoming webhook of Slack's, or of whatever takes the same JSON."""

    webhook_url: SecretUrl


class Mail(Model):
    """An SMTP relay, with TLS always: from the first byte on port 465, else by STARTTLS.

    ``sender``: an address that the relay accepts. ``user``, ``password``: a login of the relay.
    """

    sender: Email = Field(alias="from")
    to: Annotated[tuple[Email, ...], Field(min_length=1)]
    host: Domain = BREVO
    port: Port = 587
    user: str = Field(pattern=r"^[\x21-\x7e]+$")
    password: Secret


class Alerts(Model):
    """The channels. ``remind_hours``: what goes on failing is told again so often."""

    slack: Slack | None = None
    email: Mail | None = None
    remind_hours: Positive = 24

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if self.slack is None and self.email is None:
            raise ValueError("needs slack, email, or both; without the key nobody is told anything")
        return self
