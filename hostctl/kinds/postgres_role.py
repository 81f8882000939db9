"""Roles of a PostgreSQL server."""

from __future__ import annotations

import hashlib
from typing import Any

from hostctl import postgres_login, psql, scram
from hostctl.errors import HostError, StillNeeded
from hostctl.kinds.base import State
from hostctl.kinds.postgres import NOT_THERE, PostgresKind
from hostctl.psql import execute, identifier, literal

ATTRIBUTES = ("SUPERUSER", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS")
"""What a role of ours never has: each would make it more than the owner of its databases."""

_COLUMNS = ("rolsuper", "rolcreatedb", "rolcreaterole", "rolreplication", "rolbypassrls")


class PostgresRole(PostgresKind):
    """A role with login, SCRAM password, membership and the role that its sessions act as, and no further rights.

    ``login`` None leaves login and password as they are: the role whose turn is over is retired by
    :class:`~hostctl.kinds.retired.PostgresRetiredRole` once nobody needs it.
    """

    name = "postgres_role"

    def __init__(self, wanted: dict[str, Any]) -> None:
        super().__init__(wanted)
        self._verifier: str | None = wanted.get("verifier")

    def observe(self) -> State | None:
        """What ``pg_authid`` says of it; the verifier is needed to compare and to bring back."""
        name = literal(self.wanted["name"])
        has = ", ".join(f"('{a}', r.{c})" for a, c in zip(ATTRIBUTES, _COLUMNS, strict=True))
        rows = psql.query(
            self._port,
            "SELECT json_build_object('present', true, 'login', r.rolcanlogin, 'verifier', r.rolpassword,"
            f" 'attributes', (SELECT coalesce(json_agg(a.n), '[]'::json) FROM (VALUES {has}) a (n, has) WHERE a.has),"
            " 'connections', r.rolconnlimit, 'until', nullif(r.rolvaliduntil, 'infinity'),"
            " 'member_of', (SELECT coalesce(json_agg(DISTINCT g.rolname), '[]'::json) FROM pg_auth_members m"
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
        login = self.wanted["login"]
        if login is not None and state["login"] != login:
            problems.append(f"login {state['login']} -> {login}")
        if self._password_differs(state["verifier"]):
            problems.append("password")
        problems += [f"has {attribute}" for attribute in state["attributes"]]
        if state["connections"] != -1:
            problems.append(f"at most {state['connections']} connections")
        if state["until"]:
            problems.append(f"password valid until {state['until']}")
        group = self.wanted.get("member_of")
        if group and group not in state["member_of"]:
            problems.append(f"not a member of {group}")
        problems += [f"a member of {other}" for other in state["member_of"] if other != group]
        if state["acts_as"] != group:
            problems.append(f"does not act as {group}" if group else f"acts as {state['acts_as']}")
        return problems

    def _password_differs(self, stored: str | None) -> bool:
        password = self.wanted.get("password")
        if not password:
            return self._verifier is not None and _digest(stored) != self._verifier
        if not scram.matches(password, stored):
            return True
        self._verifier = _digest(stored)
        return False

    def apply(self, state: State | None) -> None:
        """Create or alter it, and log in with its password; only a verifier reaches the server by statement."""
        name = identifier(self.wanted["name"])
        password = self.wanted.get("password")
        there = bool(state and state["present"])
        words = ["ALTER" if there else "CREATE", "ROLE", name, *(f"NO{a}" for a in ATTRIBUTES)]
        words += ["CONNECTION LIMIT -1", "VALID UNTIL 'infinity'"]
        if self.wanted["login"] is not None:
            words.append("LOGIN" if self.wanted["login"] else "NOLOGIN")
        if password:
            verifier = scram.verifier(password)
            words.append(f"PASSWORD {literal(verifier)}")
            self._verifier = _digest(verifier)
        statements = [" ".join(words)]
        group = self.wanted.get("member_of")
        if group:
            statements.append(f"GRANT {identifier(group)} TO {name}")
        others = state["member_of"] if state and there else []
        statements += [f"REVOKE {identifier(other)} FROM {name}" for other in others if other != group]
        statements.append(_acts_as(name, group))
        execute(self._port, *statements)
        if password and self.wanted["login"]:
            self._log_in(password)

    def _log_in(self, password: str) -> None:
        refused = postgres_login.refusal(self._port, self.wanted["name"], password)
        if refused:
            raise HostError(
                f"{self.id}: the server refuses a login with the new password",
                details=f"    {refused}",
                hint="on the host: the server's log in /var/log/postgresql, and the access file that it reads",
            )

    def restore(self, state: State) -> None:
        """Drop it if it was not there, else bring login, password, rights and membership back."""
        now = self._now(StillNeeded)
        if not now["present"]:
            return
        name = identifier(self.wanted["name"])
        if not state["present"]:
            self._drop(name)
            return
        words = ["ALTER ROLE", name, "LOGIN" if state["login"] else "NOLOGIN"]
        words.append(f"PASSWORD {literal(state['verifier'])}" if state.get("verifier") else "PASSWORD NULL")
        # an origin that an older version of this program wrote down does not tell
        if "attributes" in state:
            words += [a if a in state["attributes"] else f"NO{a}" for a in ATTRIBUTES]
            words += [
                f"CONNECTION LIMIT {int(state['connections'])}",
                f"VALID UNTIL {literal(state['until'] or 'infinity')}",
            ]
        before, after = now["member_of"], state["member_of"]
        statements = [" ".join(words)]
        statements += [f"REVOKE {identifier(g)} FROM {name}" for g in before if g not in after]
        statements += [f"GRANT {identifier(g)} TO {name}" for g in after if g not in before]
        statements.append(_acts_as(name, state.get("acts_as")))
        execute(self._port, *statements)

    def _drop(self, name: str) -> None:
        owner = f"SELECT oid FROM pg_roles WHERE rolname = {literal(self.wanted['name'])}"
        owned = psql.query(
            self._port,
            "SELECT json_build_object('databases', coalesce(json_agg(datname ORDER BY datname), '[]'::json))"
            f" FROM pg_database WHERE datdba = ({owner});",
        )
        if owned and owned["databases"]:
            raise StillNeeded(f"role {self.wanted['name']} owns {', '.join(owned['databases'])}")
        execute(self._port, f"DROP ROLE {name}")

    def record(self) -> dict[str, Any]:
        """With a digest of what the server stores in place of the password, so that another one is noticed."""
        kept = super().record()
        return kept | {"verifier": self._verifier} if self._verifier else kept


def _acts_as(name: str, group: str | None) -> str:
    return f"ALTER ROLE {name} SET role = {literal(group)}" if group else f"ALTER ROLE {name} RESET role"


def _digest(verifier: str | None) -> str:
    return hashlib.sha256((verifier or "").encode()).hexdigest()
