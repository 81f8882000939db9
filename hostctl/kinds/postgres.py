"""Roles, databases and reported settings of a PostgreSQL server."""

from __future__ import annotations

from typing import Any

from hostctl import scram
from hostctl.errors import HostError, StillNeeded
from hostctl.kinds.base import Kind, Phase, State
from hostctl.psql import execute, identifier, is_installed, literal, query

NOT_THERE = ["PostgreSQL does not answer"]


class PostgresKind(Kind):
    """What the three share: the server's port."""

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
        if now is None and is_installed():
            raise otherwise(f"{self.id}: PostgreSQL does not answer", hint="on the host: pg_lsclusters")
        return now or {"present": False}


class PostgresRole(PostgresKind):
    """A role with login, SCRAM password, membership and the role that its sessions act as."""

    name = "postgres_role"

    def observe(self) -> State | None:
        """What ``pg_authid`` says of it; the verifier is needed to compare and to bring back."""
        name = literal(self.wanted["name"])
        rows = query(
            self._port,
            "SELECT json_build_object('present', true, 'login', r.rolcanlogin, 'verifier', r.rolpassword,"
            " 'member_of', (SELECT coalesce(json_agg(g.rolname ORDER BY g.rolname), '[]'::json) FROM pg_auth_members m"
            " JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid),"
            " 'acts_as', (SELECT substring(c from 6) FROM unnest((SELECT s.setconfig FROM pg_db_role_setting s"
            " WHERE s.setrole = r.oid AND s.setdatabase = 0)) c WHERE c LIKE 'role=%'))"
            f" FROM pg_authid r WHERE r.rolname = {name};",
        )
        if rows is None:
            return None
        return rows or {"present": False}

    def differs(self, state: State | None) -> list[str]:
        """Missing, or which property is other; a password only by the fact."""
        if state is None:
            return NOT_THERE
        if not state["present"]:
            return ["missing"]
        problems = []
        if state["login"] != self.wanted["login"]:
            problems.append(f"login {state['login']} -> {self.wanted['login']}")
        password = self.wanted.get("password")
        if password and not scram.matches(password, state["verifier"]):
            problems.append("password")
        group = self.wanted.get("member_of")
        if group and group not in state["member_of"]:
            problems.append(f"not a member of {group}")
        if group and state["acts_as"] != group:
            problems.append(f"does not act as {group}")
        return problems

    def apply(self, state: State | None) -> None:
        """Create or alter it; only a verifier reaches the server."""
        name = identifier(self.wanted["name"])
        login = "LOGIN" if self.wanted["login"] else "NOLOGIN"
        password = self.wanted.get("password")
        secret = f" PASSWORD {literal(scram.verifier(password))}" if password else ""
        verb = "ALTER" if state and state["present"] else "CREATE"
        statements = [f"{verb} ROLE {name} {login}{secret}"]
        group = self.wanted.get("member_of")
        if group:
            statements.append(f"GRANT {identifier(group)} TO {name}")
            statements.append(f"ALTER ROLE {name} SET role = {literal(group)}")
        execute(self._port, *statements)

    def restore(self, state: State) -> None:
        """Drop it if it was not there, else bring login, password and membership back."""
        now = self._now(StillNeeded)
        if not now["present"]:
            return
        name = identifier(self.wanted["name"])
        if not state["present"]:
            self._drop(name)
            return
        old = f" PASSWORD {literal(state['verifier'])}" if state.get("verifier") else " PASSWORD NULL"
        statements = [f"ALTER ROLE {name} {'LOGIN' if state['login'] else 'NOLOGIN'}{old}"]
        statements += [
            f"REVOKE {identifier(g)} FROM {name}" for g in now["member_of"] if g not in state["member_of"]
        ]
        statements.append(
            f"ALTER ROLE {name} SET role = {literal(state['acts_as'])}"
            if state.get("acts_as")
            else f"ALTER ROLE {name} RESET role"
        )
        execute(self._port, *statements)

    def _drop(self, name: str) -> None:
        owner = f"SELECT oid FROM pg_roles WHERE rolname = {literal(self.wanted['name'])}"
        owned = query(
            self._port,
            "SELECT json_build_object('databases', coalesce(json_agg(datname ORDER BY datname), '[]'::json))"
            f" FROM pg_database WHERE datdba = ({owner});",
        )
        if owned and owned["databases"]:
            raise StillNeeded(f"role {self.wanted['name']} owns {', '.join(owned['databases'])}")
        execute(self._port, f"DROP ROLE {name}")


class PostgresDatabase(PostgresKind):
    """A UTF8 database with its owner; PUBLIC may not connect."""

    name = "postgres_database"

    @property
    def data(self) -> bool:
        """A database is data."""
        return True

    def observe(self) -> State | None:
        """Owner, and whether everybody may connect."""
        row = query(
            self._port,
            "SELECT json_build_object('present', true, 'owner', pg_get_userbyid(datdba),"
            " 'public', has_database_privilege('public', oid, 'CONNECT'))"
            f" FROM pg_database WHERE datname = {literal(self.wanted['name'])};",
        )
        if row is None:
            return None
        return row or {"present": False}

    def differs(self, state: State | None) -> list[str]:
        """Missing, other owner, open to everybody."""
        if state is None:
            return NOT_THERE
        if not state["present"]:
            return ["missing"]
        problems = []
        if state["owner"] != self.wanted["owner"]:
            problems.append(f"owner {state['owner']} -> {self.wanted['owner']}")
        return problems + (["everybody may connect"] if state["public"] else [])

    def apply(self, state: State | None) -> None:
        """Create it, or correct owner and privilege."""
        name, owner = identifier(self.wanted["name"]), identifier(self.wanted["owner"])
        create = f"CREATE DATABASE {name} OWNER {owner} ENCODING 'UTF8' TEMPLATE template0"
        alter = f"ALTER DATABASE {name} OWNER TO {owner}"
        execute(
            self._port,
            alter if state and state["present"] else create,
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


class PostgresSettings(PostgresKind):
    """Values that the running server reports; nothing is changed here."""

    name = "postgres_settings"
    rolls_back = False

    def observe(self) -> State | None:
        """What ``SHOW`` says of each."""
        pairs = ", ".join(f"{literal(n)}, current_setting({literal(n)})" for n in self.wanted["settings"])
        values = query(self._port, f"SELECT json_build_object({pairs});")
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
