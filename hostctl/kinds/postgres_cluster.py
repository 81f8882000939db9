"""A PostgreSQL cluster as Debian manages it (postgresql-common)."""

from __future__ import annotations

from pathlib import Path

from hostctl.kinds.base import Kind, Phase, State
from hostctl.report import progress
from hostctl.run import run

CONFIGURATION = Path("/etc/postgresql")


class PostgresCluster(Kind):
    """The cluster exists. The package makes one when it is installed for the first time, and never again."""

    name = "postgres_cluster"
    phase = Phase.ACCOUNTS

    @property
    def key(self) -> str:
        """Version and name, ``18/main``."""
        return f"{self.wanted['version']}/{self.wanted['cluster']}"

    @property
    def data(self) -> bool:
        """All databases are in it."""
        return True

    def _words(self) -> list[str]:
        return [str(self.wanted["version"]), str(self.wanted["cluster"])]

    def observe(self) -> State | None:
        """Whether postgresql-common knows it: what pg_lsclusters (PgCommon.pm) goes by is this file."""
        return {"present": CONFIGURATION.joinpath(*self._words(), "postgresql.conf").exists()}

    def differs(self, state: State | None) -> list[str]:
        """Missing or not."""
        assert state is not None
        return [] if state["present"] else ["missing"]

    def apply(self, state: State | None) -> None:
        """Make it with checksums; it is started by its Service."""
        run(["pg_createcluster", *self._words(), "--", "--data-checksums"], timeout=120)

    def restore(self, state: State) -> None:
        """Drop it, with its configuration, if it was not there."""
        now = self.observe() or {"present": False}
        if now["present"] and not state["present"]:
            progress(f"  dropping the cluster {self.key}")
            run(["pg_dropcluster", "--stop", *self._words()], timeout=120)
