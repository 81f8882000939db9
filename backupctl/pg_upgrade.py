"""Making the cluster of another version, and filling it by ``pg_upgrade`` (PostgreSQL's documentation, "pg_upgrade").

The cluster that serves is only read.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backupctl import upgrade_checks
from backupctl.config import Config
from backupctl.errors import Failure
from backupctl.postgres import Server, identifier
from backupctl.tools import as_postgres, last_words, pipe, run, say
from backupctl.versions import Version

PORT = 5998
"""Part of a socket's name; no port is opened."""
QUIET = "-c archive_mode=off -c logging_collector=off"
"""Nothing is archived by either of them: their WAL ends here."""


def create(config: Config, version: Version) -> None:
    """Make an empty cluster of the shape of the one that serves, which is not started."""
    _remove_old_output(version)
    shape: dict[str, Any] = Server(port=config.port).ask(
        "SELECT json_build_object('encoding', pg_encoding_to_char(encoding), 'collate', datcollate, 'ctype', datctype,"
        " 'checksums', current_setting('data_checksums')) FROM pg_database WHERE datname = 'template0'"
    )
    say(f"making the empty cluster {version.cluster}")
    checksums = ["--data-checksums"] if shape["checksums"] == "on" else []
    if not checksums and int(version.number) >= upgrade_checks.CHECKSUMS_BY_DEFAULT:
        checksums = ["--no-data-checksums"]
    run(
        "pg_createcluster", "--start-conf=manual", f"--encoding={shape['encoding']}",
        f"--lc-collate={shape['collate']}", f"--lc-ctype={shape['ctype']}", version.number, "main", "--", *checksums,
    )  # fmt: skip


def _remove_old_output(version: Version) -> None:
    shutil.rmtree(_work(version), ignore_errors=True)


def _work(version: Version) -> Path:
    return version.data.with_name("dhanman-upgrade")


def _make_work(version: Version) -> Path:
    work = _work(version)
    if not work.exists():
        run(*as_postgres("mkdir", "--mode=0700", str(work)))
    return work


def rehearse(config: Config, after: Version) -> None:
    """Load the definitions of every database into the empty cluster of ``after``, which is dropped and made again.

    ``pg_upgrade --check`` looks at known incompatibilities alone. This finds what the new version does not take:
    functions that are gone, and what only a newer minor release than the installed one knows.
    """
    server = Server(port=config.port)
    names: list[str] = server.ask(
        "SELECT json_agg(datname) FROM pg_database WHERE datallowconn AND NOT datistemplate"
    )
    step = f"install the newest minor release of {after.number}, or change what it does not take; nothing was changed"
    say(f"loading the definitions of {len(names)} databases into it, as a trial; services go on")
    with _running(after) as fresh:
        client = ("psql", "--no-psqlrc", "--quiet")
        roles = (str(after.programs / "pg_dumpall"), "--roles-only", "--port", str(server.port))
        pipe(as_postgres(*roles), as_postgres(*client, *fresh.words("postgres")), next_step=step)
        for name in names:
            if name != "postgres":
                fresh.tell(f"CREATE DATABASE {identifier(name)} TEMPLATE template0")
            dump = (str(after.programs / "pg_dump"), "--schema-only", *server.words(name))
            load = (*client, "--set=ON_ERROR_STOP=1", *fresh.words(name))
            try:
                pipe(as_postgres(*dump), as_postgres(*load), next_step=step)
            except Failure as failure:
                what = f"PostgreSQL {after.number} does not take the definitions of {name}"
                raise Failure(what, step, failure.details) from None
    drop(after)
    create(config, after)


@contextlib.contextmanager
def _running(version: Version) -> Iterator[Server]:
    """The cluster, reached over a socket in a folder of ``postgres``'s own alone."""
    work = _make_work(version)
    control = (str(version.programs / "pg_ctl"), "--silent", "--wait", "--pgdata", str(version.data))
    options = (
        f"-c config_file={version.configuration}/postgresql.conf {QUIET}"
        f" -c port={PORT} -c unix_socket_directories={work} -c listen_addresses="
    )
    run(*as_postgres(*control, "--log", str(work / "log"), "--options", options, "start"))
    try:
        yield Server(port=PORT, socket=str(work))
    finally:
        run(*as_postgres(*control, "--mode", "fast", "stop"), check=False)


def run_it(before: Version, after: Version, *options: str) -> None:
    """Run it, or with ``--check`` see whether it would go well. Raises :class:`Failure` with its words."""
    work = _make_work(after)
    done = run(
        *as_postgres(
            "env", f"--chdir={work}", str(after.programs / "pg_upgrade"),
            "--old-bindir", str(before.programs), "--new-bindir", str(after.programs),
            "--old-datadir", str(before.data), "--new-datadir", str(after.data),
            "--old-options", f"-c config_file={before.configuration}/postgresql.conf {QUIET}",
            "--new-options", f"-c config_file={after.configuration}/postgresql.conf {QUIET}",
            "--socketdir", str(work), "--jobs", str(os.cpu_count() or 1), *options,
        ),
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise Failure(
            "pg_upgrade refuses", "correct what it names, then try again; nothing was changed", _words(done)
        )
    _remove_old_output(after)


def _words(done: Any) -> str:
    """What it says, and the ends of the files that it points to, which go with the cluster."""
    said = f"{done.stdout}\n{done.stderr}"
    named = dict.fromkeys(Path(path) for path in re.findall(r"/[\w./-]+\.(?:txt|log)", said))
    ends = [
        line for path in named if path.exists() for line in path.read_text(errors="replace").splitlines()[-4:]
    ]
    return "\n".join([last_words(done), *ends])


def drop(version: Version) -> None:
    """Remove the cluster with its configuration, and what a run has left beside it."""
    if version.exists:
        run("pg_dropcluster", "--stop", version.number, "main")
        # it leaves files that it does not know, and the next cluster of this name would read them
        shutil.rmtree(version.configuration, ignore_errors=True)
        run("systemctl", "daemon-reload")
    _remove_old_output(version)
