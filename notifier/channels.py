"""The ways to the operator. Each delivers one message or says in a line why it can't; TLS is always verified."""

from __future__ import annotations

import http.client
import json
import smtplib
import ssl
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import urlsplit

from notifier.config import Config, Mail, Slack
from notifier.messages import Message

LIMIT = 15.0
"""Seconds that a channel may be silent."""
IMPLICIT_TLS = 465

Send = Callable[[Message], None]


class Undelivered(Exception):
    """A channel did not take a message; its text says why, without secrets."""


def channels(config: Config) -> Mapping[str, Send]:
    """The channels of the configuration, by the names that people read."""
    ways: dict[str, Send] = {}
    if slack := config.slack:
        ways["slack"] = lambda message: _guarded(config, lambda: post(slack, message))
    if mail := config.mail:
        ways["email"] = lambda message: _guarded(config, lambda: send(mail, message))
    return ways


def _guarded(config: Config, deliver: Callable[[], None]) -> None:
    try:
        deliver()
    except Undelivered as reason:
        raise Undelivered(config.without_secrets(str(reason))) from None
    except smtplib.SMTPResponseException as error:
        words = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else ""
        raise Undelivered(config.without_secrets(f"the relay answers {error.smtp_code} {words}")) from None
    except (OSError, http.client.HTTPException, smtplib.SMTPException) as error:
        raise Undelivered(config.without_secrets(f"{type(error).__name__}: {error}"[:300])) from None


def post(slack: Slack, message: Message) -> None:
    """To a webhook (https://api.slack.com/messaging/webhooks): 200 or it was not taken; redirects are not followed."""
    parts = urlsplit(slack.url)
    text = f"*{_escaped(message.subject)}*\n{_escaped(message.body)}"
    connection = http.client.HTTPSConnection(
        parts.hostname or "", parts.port or 443, timeout=LIMIT, context=ssl.create_default_context()
    )
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {"Content-Type": "application/json", "User-Agent": "dhanman-notify"}
        connection.request("POST", path or "/", json.dumps({"text": text}), headers)
        response = connection.getresponse()
        words = response.read(100).decode(errors="replace")
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise Undelivered(f"the webhook answers {response.status} {' '.join(words.split())}".rstrip())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def send(mail: Mail, message: Message) -> None:
    """Through the relay, logged in, to all recipients."""
    written = EmailMessage()
    written["From"], written["To"] = mail.sender, ", ".join(mail.to)
    written["Subject"], written["Date"] = message.subject, formatdate()
    written["Message-ID"] = make_msgid(domain=mail.sender.rpartition("@")[2])
    written["Auto-Submitted"] = "auto-generated"
    written.set_content(message.body + "\n")
    context = ssl.create_default_context()
    if mail.port == IMPLICIT_TLS:
        relay: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=LIMIT, context=context)
    else:
        relay = smtplib.SMTP(mail.host, mail.port, timeout=LIMIT)
    with relay:
        if mail.port != IMPLICIT_TLS:
            relay.starttls(context=context)
        relay.login(mail.user, mail.password)
        refused = relay.send_message(written)
    if refused:
        raise Undelivered(f"the relay refuses {', '.join(sorted(refused))}")
