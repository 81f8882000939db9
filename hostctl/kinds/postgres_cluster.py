"""A PostgreSQL cluster as Debian manages it (postgresql-common), and which version of it holds the databases."""

from __future__ import annotations

import re
from pathlib import Path

from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State
from hostctl.report import progress
from hostctl.run import run

CONFIGURATION = Path("/etc/postgresql")


def start_mode(folder: Path) -> str:
    """How the cluster with this folder of configuration starts: ``auto``, ``manual`` or ``disabled``."""
    start = folder / "start.conf"
    lines = start.read_text().splitlines() if start.exists() else []
    words = [word for line in lines if (word := line.partition("#")[0].strip())]
    return words[0] if words else "auto"


def serves_by_itself(unit: str) -> bool:
    """Whether a systemd unit may be started or stopped to bring a former state back.

    Not that of a cluster which gave its place to another version's, since both have one port, or which was dropped.
    """
    found = re.fullmatch(r"postgresql@(\d+)-(\w+)\.service", unit)
    if found is None:
        return True
    configuration = CONFIGURATION / found[1] / found[2]
    return (configuration / "postgresql.conf").exists() and start_mode(configuration) == "auto"


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

    def loss(self, *, stays: bool) -> str | None:
        """Another cluster takes its place, whether its files stay or not.

        After an upgrade that is no loss: the databases are in the other one, and this one no longer starts by itself.
        """
        if stays and start_mode(CONFIGURATION.joinpath(*self._words())) != "auto":
            return None
        return f"PostgreSQL's cluster {self.key} would {'no longer serve' if stays else 'be dropped'}"

    def _words(self) -> list[str]:
        return [str(self.wanted["version"]), str(self.wanted["cluster"])]

    def observe(self) -> State | None:
        """Whether postgresql-common knows it: what pg_lsclusters (PgCommon.pm) goes by is this file."""
        return {"present": CONFIGURATION.joinpath(*self._words(), "postgresql.conf").exists()}

    def differs(self, state: State | None) -> list[str]:
        """Missing or not."""
        assert state is not None
        return [] if state["present"] or not self.wanted.get("required", True) else ["missing"]

    def apply(self, state: State | None) -> None:
        """Make it with checksums; it is started by its Service."""
        run(["pg_createcluster", *self._words(), "--", "--data-checksums"], timeout=120)

    def restore(self, state: State) -> None:
        """Drop it, with its configuration, if it was not there."""
        now = self.observe() or {"present": False}
        if now["present"] and not state["present"]:
            progress(f"  dropping the cluster {self.key}")
            run(["pg_dropcluster", "--stop", *self._words()], timeout=120)


class PostgresVersion(Kind):
    """No other version's cluster of this name is the one that serves: ``start.conf`` says ``auto`` for that one alone.

    It comes before packages: that of a new version makes an empty cluster while it is installed.
    """

    name = "postgres_version"
    phase = Phase.REPOSITORIES
    rolls_back = False

    def observe(self) -> State | None:
        """Each version that has a cluster of this name, and how it starts (``auto``, ``manual``, ``disabled``)."""
        paths = CONFIGURATION.glob(f"*/{self.key}/postgresql.conf")
        return {"starts": {path.parts[-3]: start_mode(path.parent) for path in paths}}

    def differs(self, state: State | None) -> list[str]:
        """Which other version has the databases."""
        assert state is not None
        starts, version = dict(state["starts"]), str(self.wanted["version"])
        own = starts.pop(version, None)
        others = sorted(f"{other}/{self.key}" for other, start in starts.items() if start == "auto")
        return [] if own == "auto" or not others else [f"the databases are in {', '.join(others)}"]

    def apply(self, state: State | None) -> None:
        """Only people can decide to upgrade."""
        version = self.wanted["version"]
        raise HostError(
            f"{'; '.join(self.differs(state))}: PostgreSQL {version} would begin with an empty cluster",
            hint=(
                "set postgres.version back, then upgrade as docs/operations.md says, "
                '"Another major version of PostgreSQL"'
            ),
        )

    def restore(self, state: State) -> None:
        """Nothing was changed."""
