"""`make bench-restores`: how long a backup and the way back take, beside pg_dump and pg_restore alone."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import testbed
from bench import report
from bench.errors import BenchError
from bench.project import Project
from bench.table import aligned
from scripts.steps import StepFailedError, Steps
from testbed import TestbedError
from toolchain.paths import Clone

HOST = "bench-restores"
DATABASE = "local-dhanman-sales"
PLAIN = "bench-restored"
STATE = "/var/lib/dhanman-backup-local"
BYTES_PER_ROW = 400
"""About; what counts is the size that the server reports."""
LIMIT = 3600.0
"""Seconds that one step may take."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One step. ``seconds``: wall time. ``loses``: seconds of work that are lost when the host is, None if not known.

    ``down``: seconds in which the service of the database was not ready, None where that was not looked at.
    """

    what: str
    seconds: float
    loses: float | None = None
    down: float | None = None


class Bench:
    """A converged environment with ``gigabytes`` in the database of one service; the backups lie on the same disk."""

    def __init__(self, steps: Steps, folder: Path, host: testbed.Host) -> None:
        self._steps, self._folder, self._host = steps, folder, host
        self.size = 0.0

    def measure(self, gigabytes: float) -> list[Timing]:
        """Fill, back up, bring back. Raises BenchError where what came back differs."""
        with self._steps.step("an environment"):
            self._environment()
        with self._steps.step(f"{gigabytes:g} GB of rows"):
            self._fill(gigabytes)
        return [*self._plain(), *self._backups(), *self._restores(), self._drill()]

    def _environment(self) -> None:
        project = Project(self._folder)
        project.make()
        project.configure(self._host, {})
        done = project.up().run()
        if done.returncode:
            raise BenchError(f"pulumi up: {done.stdout}")

    def _fill(self, gigabytes: float) -> None:
        rows = int(gigabytes * 1e9 / BYTES_PER_ROW)
        self._sql(
            "CREATE TABLE bench_invoices"
            " (id bigint PRIMARY KEY, customer int, at timestamptz, total numeric, note text);"
            " INSERT INTO bench_invoices SELECT n, n % 5000, timestamptz '2026-01-01' + n * interval '1 second',"
            " (n % 99991) / 100.0, (SELECT string_agg(md5((n * 7 + k)::text), '') FROM generate_series(1, 8) k)"
            f" FROM generate_series(1, {rows}) n; CREATE INDEX ON bench_invoices (customer, at)"
        )
        # as old data is: written, and seen by everybody
        self._sql("VACUUM (FREEZE, ANALYZE) bench_invoices")
        self._sql("CHECKPOINT")
        self.size = float(self._sql(f"SELECT pg_database_size('{DATABASE}')")) / 1e9

    def _plain(self) -> list[Timing]:
        """What people do without this project, with both programs' defaults."""
        dump = "/var/lib/postgresql/bench.dump"
        made = self._timed(
            "pg_dump", f"runuser -u postgres -- pg_dump --format=custom --file={dump} {DATABASE}"
        )
        self._sql(f'CREATE DATABASE "{PLAIN}"', "postgres")
        back = self._timed("pg_restore", f"runuser -u postgres -- pg_restore --dbname={PLAIN} {dump}")
        self._same(PLAIN)
        self._sql(f'DROP DATABASE "{PLAIN}"', "postgres")
        self._run(f"rm {dump}")
        # nightly, as the deployment document has it
        return [Timing(what=made.what, seconds=made.seconds, loses=86400.0), back]

    def _backups(self) -> list[Timing]:
        full = self._timed("full backup", "systemctl start dhanman-pgbackrest-local@full")
        self._sql("UPDATE bench_invoices SET total = total + 1 WHERE id % 100 = 0")
        incremental = self._timed(
            "incremental backup, 1 % of the rows changed",
            "systemctl start dhanman-pgbackrest-local@incremental",
        )
        dumps = self._timed("nightly dumps, read back", "systemctl start dhanman-backup-local")
        return [full, incremental, dumps]

    def _restores(self) -> list[Timing]:
        database = self._timed(
            "dhanman-restore database", f"dhanman-restore database {DATABASE}", watched=True
        )
        self._same(DATABASE)
        aside = self._sql(
            f"SELECT datname FROM pg_database WHERE datname LIKE '{DATABASE}-before-%'", "postgres"
        )
        self._run(f"dhanman-restore drop {aside}")
        cluster = self._timed("dhanman-restore cluster", "dhanman-restore cluster --to latest", watched=True)
        self._same(DATABASE)
        return [database, cluster]

    def _drill(self) -> Timing:
        # the cluster's way back begins one, and a drill waits for no backup
        self._run("systemctl start dhanman-pgbackrest-local@full")
        found = self._timed("drill", "systemctl start dhanman-pgbackrest-local@drill")
        told: dict[str, Any] = json.loads(self._run(f"cat {STATE}/drill.json"))
        return Timing(what=found.what, seconds=found.seconds, loses=float(told["rpo_seconds"]))

    def _timed(self, what: str, command: str, *, watched: bool = False) -> Timing:
        with self._steps.step(what):
            watch = self._watch() if watched else None
            begun = time.monotonic()
            self._run(command)
            seconds = time.monotonic() - begun
            return Timing(what=what, seconds=seconds, down=watch() if watch else None)

    def _watch(self) -> Callable[[], float]:
        """Ask the service ten times a second from now on; called, it says for how long there was no good answer."""
        socket = "/run/dhanman/local/sales.sock"
        ask = f"curl -sf -o /dev/null --max-time 1 --unix-socket {socket} http://x/health/ready"
        script = f'while :; do s=$(date +%s.%N); {ask} || echo "$s"; sleep 0.1; done'
        asking = subprocess.Popen(
            [*self._host.ssh_command(), f"timeout {LIMIT:.0f} sh -c '{script}'"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )

        def downtime() -> float:
            end = time.monotonic() + 60
            while self._host.run(ask, check=False).returncode and time.monotonic() < end:
                time.sleep(0.1)
            self._host.run("pkill -f [h]ealth/ready", check=False)
            times = [float(line) for line in asking.communicate()[0].split()]
            return max(times) - min(times) if times else 0.0

        return downtime

    def _same(self, database: str) -> None:
        query = "SELECT count(*), max(id) FROM bench_invoices"
        found = self._sql(query, database)
        if found.partition("|")[0] in ("", "0") or found != self._sql(query):
            raise BenchError(f"{database} has other rows than were backed up: {found}")

    def _sql(self, statement: str, database: str = DATABASE) -> str:
        command = ["runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", database]
        return self._host.run(command, input=statement, timeout=LIMIT).stdout.strip()

    def _run(self, command: str) -> str:
        return self._host.run(f"cd / && {command}", timeout=LIMIT).stdout


def render(timings: Sequence[Timing], gigabytes: float) -> str:
    """The table as text; ``gigabytes``: size of the database."""
    lines = [
        ("what", "seconds", "s/GB", "service down", "loses at most"),
        *(_cells(t, gigabytes) for t in timings),
    ]
    return f"a database of {gigabytes:.2f} GB\n" + aligned(lines, words=1)


def _cells(timing: Timing, gigabytes: float) -> tuple[str, ...]:
    return (
        timing.what,
        f"{timing.seconds:.1f}",
        f"{timing.seconds / gigabytes:.1f}",
        "-" if timing.down is None else f"{timing.down:.1f} s",
        "-" if timing.loses is None else f"{timing.loses:.0f} s",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table; 1 with one plain message if that can't be done."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.restores",
        description="Time backups and restores beside pg_dump and pg_restore.",
    )
    parser.add_argument("--gigabytes", type=float, default=2.0, help="size of the database (default: 2)")
    options = parser.parse_args(arguments)
    if not 0 < options.gigabytes <= 100:
        parser.error("--gigabytes: more than 0, at most 100")
    clone = Clone()
    folder = clone.local / "bench" / f"restores-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    folder.mkdir(parents=True)
    steps = Steps(clone.logs)
    try:
        with testbed.up(HOST, suite="forky") as host:
            bench = Bench(steps, folder, host)
            timings = bench.measure(options.gigabytes)
    except (BenchError, StepFailedError, TestbedError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    print(render(timings, bench.size))
    found = {"gigabytes": bench.size, "timings": [asdict(timing) for timing in timings]}
    report.write(folder / "result.json", report.circumstances(vars(options)) | found)
    print(f"\n{folder / 'result.json'}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
