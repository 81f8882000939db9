"""The backup of what a host is configured by."""

from __future__ import annotations

import json

from backupctl.host_config import location, parse
from components.backup import Remote
from components.backup.host import HostBackupSpec, host_backup_unit
from components.unit import Directory, File, Unit

PASSPHRASE, KEY = "not-a-real-passphrase", "not-a-real-key"
BUCKET = Remote(kind="s3", name="dhanman", key_id="k1", endpoint="https://s3.example.com")


def unit(*, beside_dumps: bool = True, remote: Remote | None = BUCKET, alerts: bool = False) -> Unit:
    spec = HostBackupSpec(
        environment="qa",
        host="main",
        directory="/backups/postgresql",
        schedule="*-*-* 02:00:00",
        retention_days=30,
        beside_dumps=beside_dumps,
        rabbitmq=True,
        remote=remote,
        alerts=alerts,
    )
    return host_backup_unit(spec, PASSPHRASE, KEY if remote else "")


def files(wanted: Unit) -> dict[str, File]:
    return {thing.path: thing for thing in wanted.things if isinstance(thing, File)}


def test_the_program_reads_what_the_plan_writes() -> None:
    made = files(unit())
    read = parse(made[str(location("qa"))].content)
    assert (read.host, read.retention_days, read.rabbitmq) == ("main", 30, True)
    assert "/etc" in read.paths
    assert str(read.bucket) == "/etc/dhanman/qa/bucket.json"
    assert made[str(read.passphrase)].content == f"{PASSPHRASE}\n"


def test_the_passphrase_is_in_one_file_that_root_alone_can_read() -> None:
    wanted = unit()
    (file,) = [thing for thing in wanted.things if PASSPHRASE in str(thing)]
    assert isinstance(file, File)
    assert (file.mode, file.owner, file.secret) == ("0400", "root", True)
    assert wanted.redact == (PASSPHRASE, KEY)


def test_beside_the_dumps_folder_and_bucket_are_those_of_the_dumps() -> None:
    wanted = unit()
    assert not [thing for thing in wanted.things if isinstance(thing, Directory)]
    assert "/etc/dhanman/qa/bucket.json" not in files(wanted)


def test_another_host_has_a_folder_and_a_way_to_the_bucket_of_its_own() -> None:
    wanted = unit(beside_dumps=False)
    (folder,) = [thing for thing in wanted.things if isinstance(thing, Directory)]
    assert (folder.path, folder.mode, folder.data) == ("/backups/postgresql", "0700", True)
    key = files(wanted)["/etc/dhanman/qa/bucket.json"]
    assert (key.owner, key.mode, key.secret) == ("root", "0400", True)
    assert "/usr/local/bin/dhanman-bucket" in files(wanted)


def test_the_program_is_there_with_all_that_it_imports() -> None:
    made = files(unit())
    library = "/usr/local/lib/dhanman-host-backup/backupctl/"
    there = {path.removeprefix(library).removesuffix(".py") for path in made if path.startswith(library)}
    for path, file in made.items():
        if path.startswith(library):
            lines = [line.split() for line in file.content.splitlines() if line.startswith("from backupctl")]
            for _, module, _, *names in lines:
                inside = module.removeprefix("backupctl").lstrip(".")
                assert inside in there or {name.strip(",") for name in names} <= there, (path, module)
    command = made["/usr/local/sbin/dhanman-host-backup"]
    compile(command.content, command.path, "exec")


def test_what_fails_is_told_where_there_is_a_notifier() -> None:
    made = files(unit(alerts=True))
    watched = json.loads(made["/etc/dhanman/qa/alerts.d/host-backup.json"].content)
    assert watched["report"] == "/var/lib/dhanman-host-backup-qa/host.json"
    service = made["/etc/systemd/system/dhanman-host-backup-qa.service"].content.splitlines()
    assert "OnFailure=dhanman-notify-qa.service" in service
    assert not [path for path, file in files(unit()).items() if "notify" in file.content]
