"""The notifier of a host, and what other units leave for it."""

from __future__ import annotations

import json
from pathlib import Path

from components.notifier import Mail, NotifierSpec, Watched, notifier_unit
from components.unit import Directory, File, Service, Unit
from notifier.config import parse
from notifier.sources import Source, load

WEBHOOK, PASSWORD = "https://hooks.example.com/not-a-real-webhook", "not-a-real-smtp-key"
MAIL = Mail(
    sender="alerts@example.com", to=("ops@example.com",), host="relay.example.com", port=587, user="login"
)


def unit(*, slack: bool = True, mail: Mail | None = MAIL) -> Unit:
    spec = NotifierSpec(environment="qa", host="main (192.0.2.10)", remind_hours=12, slack=slack, mail=mail)
    return notifier_unit(spec, WEBHOOK if slack else "", PASSWORD if mail else "")


def files(wanted: Unit) -> dict[str, File]:
    return {thing.path: thing for thing in wanted.things if isinstance(thing, File)}


def test_secrets_are_in_one_file_that_root_alone_can_read() -> None:
    wanted = unit()
    (file,) = [thing for thing in wanted.things if WEBHOOK in str(thing) or PASSWORD in str(thing)]
    assert isinstance(file, File)
    assert (file.path, file.mode, file.owner, file.secret) == (
        "/etc/dhanman/qa/alerts.json",
        "0400",
        "root",
        True,
    )
    assert wanted.redact == (WEBHOOK, PASSWORD)


def test_the_program_reads_what_the_plan_writes() -> None:
    read = parse(files(unit())["/etc/dhanman/qa/alerts.json"].content)
    assert read.slack and read.mail
    assert (read.slack.url, read.mail.password, read.mail.to) == (WEBHOOK, PASSWORD, ("ops@example.com",))
    assert (read.remind, read.host) == (12 * 3600, "main (192.0.2.10)")


def test_a_channel_that_is_not_wanted_is_not_there() -> None:
    alone = parse(files(unit(mail=None))["/etc/dhanman/qa/alerts.json"].content)
    assert (alone.mail, unit(mail=None).redact) == (None, (WEBHOOK,))
    assert parse(files(unit(slack=False))["/etc/dhanman/qa/alerts.json"].content).slack is None


def test_the_program_is_there_as_a_whole_and_runs_each_minute_without_root_s_powers() -> None:
    made = files(unit())
    assert "/usr/local/lib/dhanman-notify/notifier/rounds.py" in made
    command = made["/usr/local/sbin/dhanman-notify"]
    compile(command.content, command.path, "exec")
    service = made["/etc/systemd/system/dhanman-notify-qa.service"].content.splitlines()
    assert {"CapabilityBoundingSet=", "ProtectSystem=strict", "StartLimitIntervalSec=0"} <= set(service)
    assert Service(unit="dhanman-notify-qa.timer") in unit().things
    assert Directory(path="/etc/dhanman/qa/alerts.d", exclusive=True) in unit().things, (
        "what no unit put there is not looked at"
    )


def test_what_another_unit_leaves_is_what_the_notifier_reads(tmp_path: Path) -> None:
    watched = Watched(
        name="drill",
        title="restore drill",
        next_step="make drill STACK=qa",
        units=("drill.service",),
        timers=("drill.timer",),
        report="/var/lib/x/drill.json",
        max_age=60,
        schedule="daily",
    )
    file = watched.file("qa")
    assert file.path == "/etc/dhanman/qa/alerts.d/drill.json"
    (tmp_path / "drill.json").write_text(file.content)
    assert load(tmp_path) == (
        [
            Source(
                name="drill",
                title="restore drill",
                next_step="make drill STACK=qa",
                units=("drill.service",),
                timers=("drill.timer",),
                report=Path(json.loads(file.content)["report"]),
                max_age=60,
                schedule="daily",
            )
        ],
        [],
    )
