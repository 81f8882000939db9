"""An environment's configuration whose folders are below a temporary one."""

from __future__ import annotations

from pathlib import Path

import pytest

from backupctl.config import Config, Repository, Service


@pytest.fixture
def settings(tmp_path: Path) -> Config:
    """One repository, one database."""
    return Config(
        environment="qa",
        stanza="qa",
        cluster="18/main",
        port=5432,
        data=tmp_path / "18" / "main",
        programs=tmp_path,
        state=tmp_path,
        dumps=tmp_path,
        archive_limit=150,
        backup_limit=26 * 3600,
        repositories=(Repository(key=1, bucket=False, place="/backups/pgbackrest"),),
        databases={"qa-dhanman-sales": Service(unit="dhanman-sales-qa.service", socket="/run/sales.sock")},
        first_backup="dhanman-pgbackrest-qa@full.service",
    )
