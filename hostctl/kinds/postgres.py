"""Databases and reported settings of a PostgreSQL server, and what these share with its roles."""

from __future__ import annotations

from typing import Any

from hostctl import psql
from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State
from hostctl.psql import execute, identifier, literal

NOT_THERE = ["PostgreSQL does not answer"]


class PostgresKind(Kind):
    """What they share: the server's port."""

    phase = Phase.DATA

    @property
    def _port(self) -> int:
        return int(self.wanted["port"])

    def foreign(self, state: State) -> bool:
        """A role or database of this name that we did not make."""
        return bool(state["present"])

    def _now(self, otherwise: type[HostError]) -> State:
        """What is there; raises ``otherwise`` where the server is installed and can't say so."""
        now = self.observe()
        if now is None and psql.is_installed():
            raise otherwise(f"{self.id}: PostgreSQL does not answer", hint="on the host: pg_lsclusters")
        return now or {"present": False}


class PostgresDatabase(PostgresKind):
    """A UTF8 database with its owner; PUBLIC may not connect."""

    name = "postgres_database"

    @property
    def data(self) -> bool:
        """A database is data."""
        return True

    def loss(self, *, stays: bool) -> str | None:
        """All that is in it, unless it is kept."""
        return None if stays else f"the database {self.key} would be dropped"

    def observe(self) -> State | None:
        """Owner, whether everybody may connect, and whether anybody may."""
        row = psql.query(
            self._port,
            "SELECT json_build_object('present', true, 'owner', pg_get_userbyid(datdba),"
            " 'public', has_database_privilege('public', oid, 'CONNECT'), 'connections', datallowconn)"
            f" FROM pg_database WHERE datname = {literal(self.wanted['name'])};",
        )
        if row is None:
            return None
        return row or {"present": False}

    def differs(self, state: State | None) -> list[str]:
        """Missing, other owner, open to everybody, or closed to all."""
        if state is None:
            return NOT_THERE
        if not state["present"]:
            return ["missing"]
        problems = []
        if state["owner"] != self.wanted["owner"]:
            problems.append(f"owner {state['owner']} -> {self.wanted['owner']}")
        problems += ["everybody may connect"] if state["public"] else []
        return problems + ([] if state["connections"] else ["nobody may connect"])

    def apply(self, state: State | None) -> None:
        """Create it, or correct owner and privileges."""
        name, owner = identifier(self.wanted["name"]), identifier(self.wanted["owner"])
        create = f"CREATE DATABASE {name} OWNER {owner} ENCODING 'UTF8' TEMPLATE template0"
        alter = f"ALTER DATABASE {name} OWNER TO {owner}"
        execute(
            self._port,
            alter if state and state["present"] else create,
            f"ALTER DATABASE {name} ALLOW_CONNECTIONS true",
            f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC",
        )

    def restore(self, state: State) -> None:
        """Drop it if it was not there (connections are ended), else bring owner and privilege back."""
        now = self._now(HostError)
        if not now["present"]:
            return
        name = identifier(self.wanted["name"])
        if not state["present"]:
            execute(self._port, f"DROP DATABASE {name} WITH (FORCE)")
            return
        execute(self._port, f"ALTER DATABASE {name} OWNER TO {identifier(state['owner'])}")
        if state["public"]:
            execute(self._port, f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO PUBLIC")
        if state.get("connections") is False:
            execute(self._port, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")


class PostgresSettings(PostgresKind):
    """Values that the running server reports; nothing is changed here."""

    name = "postgres_settings"
    rolls_back = False

    def observe(self) -> State | None:
        """What ``SHOW`` says of each."""
        pairs = ", ".join(f"{literal(n)}, current_setting({literal(n)})" for n in self.wanted["settings"])
        values = psql.query(self._port, f"SELECT json_build_object({pairs});")
        return None if values is None else {"present": True, "values": values}

    def differs(self, state: State | None) -> list[str]:
        """Each setting that is other."""
        if state is None:
            return NOT_THERE
        wanted: dict[str, Any] = self.wanted["settings"]
        return [
            f"{n} is {state['values'][n]} instead of {v}"
            for n, v in wanted.items()
            if state["values"][n] != v
        ]

    def apply(self, state: State | None) -> None:
        """What the server reports can't be set from here."""
        raise HostError(
            f"the PostgreSQL server reports other settings: {'; '.join(self.differs(self.observe()))}",
            hint="on the host: pg_lsclusters, then the cluster's log in /var/log/postgresql",
        )

    def restore(self, state: State) -> None:
        """Nothing was changed."""

    def foreign(self, state: State) -> bool:
        """Values belong to nobody."""
        return False
