"""The notifier's resource, against Pulumi's mocks."""

from __future__ import annotations

import json

import pulumi

from components.notifier import Notifier, NotifierArgs, NotifierSpec
from tests.components.recording import record, target

WEBHOOK = "https://hooks.example.com/not-a-real-webhook"


def test_the_channel_s_secret_travels_as_one_and_in_one_file() -> None:
    spec = NotifierSpec(environment="qa", host="main", remind_hours=24, slack=True, mail=None)
    args = NotifierArgs(target=target(), spec=spec, webhook=pulumi.Output.secret(WEBHOOK), password="")
    unit = record(lambda: Notifier("main-notifier", args))["main-notifier-timer"]
    assert unit.is_secret("stdin")
    document = json.loads(unit.plain("stdin"))
    assert (document["unit"], document["redact"]) == ("notifier-qa", [WEBHOOK])
    assert [t["path"] for t in document["things"] if WEBHOOK in str(t.get("content"))] == [
        "/etc/dhanman/qa/alerts.json"
    ]
