"""What a release does to its database before it serves: a table of the migrations that ran, one row for each."""

from __future__ import annotations

import os
import pwd
import signal
from collections.abc import Mapping
from pathlib import Path

from . import dependencies, log, settings
from .dependencies import UnavailableError
from .errors import StartError

_TABLE = """
CREATE TABLE IF NOT EXISTS sample_migrations (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version text NOT NULL,
    greeting text NOT NULL,
    system_user_name text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
)"""
_ROW = "INSERT INTO sample_migrations (version, greeting, system_user_name) VALUES (%s, %s, %s)"


def main(environ: Mapping[str, str], version: str) -> int:
    """Migrate in one transaction; return 0 when it is committed, 1 with a line on standard error if not."""
    try:
        loaded = settings.load(Path.cwd(), environ.get("ASPNETCORE_ENVIRONMENT") or "Production", environ)
        with dependencies.postgres(loaded) as connection:
            cursor = connection.cursor()
            cursor.execute(_TABLE)
            user = pwd.getpwuid(os.getuid()).pw_name
            cursor.execute(_ROW, (version, loaded.text("Service:Greeting"), user))
            if loaded.flag("Sample:MigrationHangs"):
                log.info("Sample:MigrationHangs is set")
                signal.pause()
            if loaded.flag("Sample:MigrationFails"):
                raise StartError("Sample:MigrationFails is set")
            connection.commit()
    except (StartError, UnavailableError) as error:
        log.error(f"the migration to {version} failed: {error}")
        return 1
    log.info(f"migrated to {version}")
    return 0
