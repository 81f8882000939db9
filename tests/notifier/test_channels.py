"""Delivery to real servers, and what is said when they refuse."""

from __future__ import annotations

import dataclasses

import pytest

from notifier.channels import Undelivered, channels
from notifier.config import Config, Slack
from notifier.messages import Message
from tests.notifier.conftest import mail_at, slack_at
from tests.notifier.receivers import PASSWORD, PATH, Relay, Webhook

MESSAGE = Message(subject="[qa] main: drill: failing", body="Since now:\n- 3 < 4 & more\nNext: look")


def with_slack(config: Config, hook: Webhook) -> Config:
    return dataclasses.replace(config, slack=slack_at(hook))


def with_mail(config: Config, known: Relay) -> Config:
    return dataclasses.replace(config, mail=mail_at(known))


@pytest.mark.usefixtures("trusted")
def test_a_webhook_gets_the_message_as_slack_reads_it(config: Config, hook: Webhook) -> None:
    channels(with_slack(config, hook))["slack"](MESSAGE)
    assert hook.texts == ["*[qa] main: drill: failing*\nSince now:\n- 3 &lt; 4 &amp; more\nNext: look"]


@pytest.mark.usefixtures("trusted")
def test_a_webhook_that_refuses_is_told_by_its_status_and_its_address_is_not(
    config: Config, hook: Webhook
) -> None:
    hook.status = 403
    with pytest.raises(Undelivered) as told:
        channels(with_slack(config, hook))["slack"](MESSAGE)
    assert str(told.value) == "the webhook answers 403 ok"
    assert PATH not in str(told.value)


def test_a_webhook_that_proves_nothing_gets_nothing(config: Config, hook: Webhook) -> None:
    with pytest.raises(Undelivered, match="certificate verify failed"):
        channels(with_slack(config, hook))["slack"](MESSAGE)
    assert hook.texts == []


@pytest.mark.usefixtures("trusted")
def test_a_mail_goes_to_every_recipient_after_a_login_that_nobody_can_read(
    config: Config, post_office: Relay
) -> None:
    channels(with_mail(config, post_office))["email"](MESSAGE)
    (mail,) = post_office.mails
    assert (mail["From"], mail["To"]) == ("alerts@example.com", "ops@example.com, other@example.com")
    assert (mail["Subject"], mail["Auto-Submitted"]) == (MESSAGE.subject, "auto-generated")
    assert mail["Date"] and mail["Message-ID"].endswith("@example.com>")
    assert mail.get_content().splitlines() == MESSAGE.body.splitlines()
    assert (post_office.encrypted_logins, post_office.plain_logins) == (1, 0)


def test_a_relay_that_proves_nothing_gets_no_password(config: Config, post_office: Relay) -> None:
    with pytest.raises(Undelivered, match="certificate verify failed"):
        channels(with_mail(config, post_office))["email"](MESSAGE)
    assert (post_office.encrypted_logins, post_office.plain_logins) == (0, 0)


@pytest.mark.usefixtures("trusted")
def test_a_refused_login_is_told_without_the_password(config: Config, post_office: Relay) -> None:
    wanted = with_mail(config, post_office)
    assert wanted.mail
    wrong = dataclasses.replace(wanted, mail=dataclasses.replace(wanted.mail, password="wrong-but-secret"))
    with pytest.raises(Undelivered) as told:
        channels(wrong)["email"](MESSAGE)
    assert str(told.value) == "the relay answers 535 5.7.8 authentication failed"


@pytest.mark.usefixtures("trusted")
def test_a_relay_that_repeats_the_password_is_not_quoted_with_it(config: Config, post_office: Relay) -> None:
    post_office.refusing = f"550 no thanks, {PASSWORD}"
    with pytest.raises(Undelivered) as told:
        channels(with_mail(config, post_office))["email"](MESSAGE)
    assert PASSWORD not in str(told.value)


def test_a_server_that_is_not_there_is_told(config: Config) -> None:
    ways = channels(dataclasses.replace(config, slack=Slack(url="https://localhost:1/x")))
    with pytest.raises(Undelivered, match="ConnectionRefusedError"):
        ways["slack"](MESSAGE)
