"""The operator is told, by a real webhook and a real mail relay: once when something fails, once when it is well."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import waiting
from tests.acceptance.fixtures import ConvergedWorld
from tests.acceptance.world import World
from tests.certificates import Certificates, certificates
from tests.notifier.receivers import PASSWORD, PATH, USER, Relay, Webhook, relay, webhook

pytestmark = pytest.mark.host

HOOKS, SMTP = "hooks.dhanman.test", "smtp.dhanman.test"
STATE = "/var/lib/dhanman-backup-local"
DATABASE = "local-dhanman-sales"
DUMPS, WATCH = "dhanman-backup-local.service", "dhanman-pgbackrest-local@watch.service"
NOTIFIER = "dhanman-notify-local.service"
ROUND = 90.0
"""Seconds within which the notifier looks again, and tells."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("receivers"), HOOKS, SMTP)


@pytest.fixture(scope="module")
def hook(made: Certificates) -> Iterator[Webhook]:
    with webhook("0.0.0.0", made) as server:
        yield server


@pytest.fixture(scope="module")
def post_office(made: Certificates) -> Iterator[Relay]:
    with relay("0.0.0.0", made) as known:
        yield known


def alerts(hook: Webhook, post_office: Relay) -> dict[str, Any]:
    mail = {"from": "alerts@example.com", "to": ["ops@example.com"], "host": SMTP, "port": post_office.port}
    return {
        "slack": {"webhookUrl": f"https://{HOOKS}:{hook.port}{PATH}"},
        "email": mail | {"user": USER, "password": PASSWORD},
    }


@pytest.fixture(scope="module")
def world(converged_world: ConvergedWorld, made: Certificates, hook: Webhook, post_office: Relay) -> World:
    """An environment whose alerts come here, and in which everything is well."""
    world = converged_world("alerts", {"alerts": alerts(hook, post_office)})
    authority = "/usr/local/share/ca-certificates/dhanman-tests.crt"
    world.host.run(["sh", "-c", f"cat > {authority}"], input=Path(made.authority).read_text())
    gateway = world.host.address.rpartition(".")[0] + ".1"
    world.run(f"echo '{gateway} {HOOKS} {SMTP}' >> /etc/hosts; update-ca-certificates >/dev/null")
    # an archive that stands still for a minute counts as broken, so that a test need not wait; a segment takes 40 s
    world.run("""sed -i 's/"archive_limit": [0-9]*/"archive_limit": 60/' /etc/dhanman/local/backupctl.json""")
    # work counts as late after a minute, and not only where the machine has been up for hours
    world.run("sed -i 's/^GRACE = .*/GRACE = 60.0/' /usr/local/lib/dhanman-notify/notifier/looking.py")
    world.run("systemctl start dhanman-pgbackrest-local@full")
    until(lambda: started(world, WATCH), 120)
    assert started(world, DUMPS)
    until(lambda: started(world, NOTIFIER), 120)
    return world


def until(condition: Callable[[], object], limit: float) -> None:
    """Asked slowly: five starts of a unit in 10 s are too many for systemd."""
    waiting.until(condition, limit, pause=2.5)


def started(world: World, unit: str) -> bool:
    """Whether the unit does its work without a failure."""
    return world.host.run(["systemctl", "start", unit], check=False).returncode == 0


@contextmanager
def watching(hook: Webhook, post_office: Relay) -> Iterator[None]:
    """Only what is told from here on counts."""
    hook.texts.clear()
    post_office.mails.clear()
    yield


def well(world: World, hook: Webhook, what: str, before: int) -> bool:
    """Whether the all-clear has come, after so many messages; the notifier looks now."""
    started(world, NOTIFIER)
    return told(hook, what)[before:] == ["well again"]


def told(hook: Webhook, what: str) -> list[str]:
    """How each message about something begins, as Slack shows it."""
    found = [text.partition("\n")[0].strip("*") for text in hook.texts]
    return [line.rpartition(": ")[2] for line in found if f": {what}: " in line]


def test_a_test_message_reaches_both_channels(world: World, hook: Webhook, post_office: Relay) -> None:
    with watching(hook, post_office):
        assert world.run("dhanman-notify test") == "slack: delivered\nemail: delivered\n"
        assert "a test message" in hook.texts[-1]
        assert "[local] local" in post_office.mails[-1]["Subject"]
        assert (post_office.plain_logins, post_office.mails[-1]["To"]) == (0, "ops@example.com")


@pytest.mark.slow
def test_a_broken_archive_is_told_once_and_its_mending_once(
    world: World, hook: Webhook, post_office: Relay
) -> None:
    what, archive = "archive and backups of the database server", "/backups/pgbackrest/archive/local"
    with watching(hook, post_office):
        # what is stored can be read, and nothing can be added
        world.run(f"find {archive} -type d -exec chown root {{}} + -exec chmod 755 {{}} +")
        try:
            until(lambda: not started(world, WATCH), 120)
            # the failing unit itself has the notifier started
            until(lambda: told(hook, what), 30)
            for _ in range(2):
                assert not started(world, WATCH)
        finally:
            world.run(f"find {archive} -type d -exec chown postgres {{}} + -exec chmod 750 {{}} +")
        assert told(hook, what) == ["failing"]
        assert "nothing was archived for" in hook.texts[-1]
        assert "Next: docs/operations.md" in hook.texts[-1]
        until(lambda: started(world, WATCH), 120)
        until(lambda: told(hook, what) == ["failing", "well again"], ROUND)
        until(lambda: len(post_office.mails) == 2, ROUND)
        assert [mail["Subject"].rpartition(": ")[2] for mail in post_office.mails] == [
            "failing",
            "well again",
        ]


def test_a_dump_that_fails_and_a_unit_that_cannot_even_start_are_told(
    world: World, hook: Webhook, post_office: Relay
) -> None:
    what, override = "nightly dumps of the databases", f"/run/systemd/system/{DUMPS}.d"
    with watching(hook, post_office):
        sql = ["runuser", "-u", "postgres", "--", "psql", "-XAtqc"]
        world.host.run([*sql, f'ALTER DATABASE "{DATABASE}" ALLOW_CONNECTIONS false'])
        try:
            assert not started(world, DUMPS)
            until(lambda: told(hook, what), 30)
        finally:
            world.host.run([*sql, f'ALTER DATABASE "{DATABASE}" ALLOW_CONNECTIONS true'])
        assert f"no good backup of {DATABASE}" in hook.texts[-1]
        assert started(world, DUMPS)
        until(lambda: well(world, hook, what, 1), ROUND)
        broken = "[Service]\\nExecStart=\\nExecStart=/usr/local/bin/not-there\\n"
        world.run(
            f"mkdir -p {override} && printf '{broken}' > {override}/test.conf && systemctl daemon-reload"
        )
        try:
            assert not started(world, DUMPS)
            until(lambda: len(told(hook, what)) == 3, 30)
        finally:
            world.run(f"rm -r {override} && systemctl daemon-reload")
        assert f"{DUMPS} failed (exit-code)" in hook.texts[-1]
        assert started(world, DUMPS)
        until(lambda: well(world, hook, what, 3), ROUND)
        assert told(hook, what) == ["failing", "well again"] * 2


def test_dumps_that_are_late_are_told(world: World, hook: Webhook, post_office: Relay) -> None:
    what, status = "nightly dumps of the databases", f"{STATE}/status.json"
    with watching(hook, post_office):
        world.run(f"""sed -i 's/"at": "[^"]*"/"at": "2026-01-01T02:10:00Z"/' {status}""")
        until(lambda: started(world, NOTIFIER) and told(hook, what), ROUND)
        assert (
            "late: due since 2026-01-02 02:00 UTC, the last success was 2026-01-01 02:10 UTC"
            in hook.texts[-1]
        )
        assert started(world, DUMPS)
        until(lambda: well(world, hook, what, 1), ROUND)


@pytest.mark.slow
def test_what_cannot_be_delivered_is_tried_again_and_shows_meanwhile(
    world: World, hook: Webhook, post_office: Relay
) -> None:
    what, status = "restore drill", f"{STATE}/drill.json"
    failed = {"result": "failed", "problems": ["rows instead of"], "at": "2026-11-26T05:00:00Z"}
    with watching(hook, post_office):
        hook.status = 503
        try:
            # a drill of minutes is another test's: what it would write
            world.host.run(["sh", "-c", f"cat > {status}"], input=json.dumps(failed))
            until(lambda: post_office.mails, 16 * 60 if "drill" not in known(world) else ROUND)
            until(lambda: world.run(f"systemctl is-failed {NOTIFIER}; true").strip() == "failed", 30)
            assert "dhanman_alerts_success 0" in world.run("cat /var/lib/dhanman-notify-local/alerts.prom")
            said = world.run(f"journalctl --quiet --output=cat --unit={NOTIFIER}")
            assert "slack: not delivered: " in said
            assert "the webhook answers 503" in world.run("dhanman-notify status; true")
            assert told(hook, what) == []
        finally:
            hook.status = 200
        until(lambda: told(hook, what), 2 * ROUND)
        until(lambda: started(world, NOTIFIER), 30)
        assert told(hook, what) == ["failing"]
        assert len(post_office.mails) == 1
        assert "dhanman_alerts_success 1" in world.run("cat /var/lib/dhanman-notify-local/alerts.prom")
        world.run(f"rm {status}")


def known(world: World) -> list[str]:
    """Sources that have been well."""
    memory = json.loads(world.run("cat /var/lib/dhanman-notify-local/memory.json"))
    return [name for name, kept in memory["sources"].items() if kept.get("was_well")]


def test_no_secret_is_where_others_can_read_it(world: World) -> None:
    secrets = (PATH, PASSWORD)
    assert world.run("stat -c '%a %U' /etc/dhanman/local/alerts.json").strip() == "400 root"
    shown = world.run(
        f"journalctl --quiet --output=cat --unit={NOTIFIER}; systemctl show {NOTIFIER};"
        " cat /var/lib/dhanman-notify-local/*; cat /var/lib/dhanman/manifests/*"
    )
    for text in (shown, *world.outputs):
        assert not [secret for secret in secrets if secret in text]


@pytest.mark.slow
def test_a_second_up_changes_nothing_and_without_the_key_nothing_of_it_is_left(world: World) -> None:
    world.up()  # what the fixture changed by hand is put back
    assert "unchanged" in world.up("--expect-no-changes")
    assert world.drift() == []
    world.configure({})
    world.up()
    left = (
        "ls -d /etc/dhanman/local/alerts* /usr/local/sbin/dhanman-notify /usr/local/lib/dhanman-notify; true"
    )
    assert world.run(left) == ""
    assert "OnFailure=\n" in world.run(f"systemctl show -p OnFailure {DUMPS}")
