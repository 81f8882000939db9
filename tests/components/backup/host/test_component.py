"""The host backup's resources, against Pulumi's mocks."""

from __future__ import annotations

import json

import pytest

from components.backup.host import HostBackupSpec
from components.backup.host.component import HostBackup, HostBackupArgs
from tests.components.recording import PASSWORD, record, target

SPEC = HostBackupSpec(
    environment="qa",
    host="main",
    directory="/backups/postgresql",
    schedule="*-*-* 02:00:00",
    retention_days=30,
    beside_dumps=True,
    rabbitmq=True,
)


@pytest.mark.parametrize("protect", [True, False])
def test_each_host_gets_the_generated_passphrase_as_a_secret(protect: bool) -> None:
    args = HostBackupArgs(hosts={"main": (target(), SPEC)}, access=None, protect=protect)
    recording = record(lambda: HostBackup("host-backup", args))
    assert recording["host-backup-passphrase"].protect is protect
    unit = recording["main-host-backup"]
    assert unit.is_secret("stdin")
    document = json.loads(unit.plain("stdin"))
    assert (document["unit"], document["redact"]) == ("host-backup-qa", [PASSWORD])
