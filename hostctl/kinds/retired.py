"""Credentials whose turn is over: nobody logs in with them any more, which the server is made to show.

They are never brought back. Within a failing transaction everybody has moved on already, and on removal the former
state would be the former password.
"""

from __future__ import annotations

from hostctl import amqp, postgres_login, psql
from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State
from hostctl.kinds.postgres import NOT_THERE
from hostctl.kinds.rabbitmq import NO_ANSWER, definitions, delete_user
from hostctl.psql import execute, identifier, literal

END_LIMIT = 10_000
"""Milliseconds that a session has to end."""


class _Retired(Kind):
    phase = Phase.DATA
    rolls_back = False

    def restore(self, state: State) -> None:
        """What was taken away stays away."""

    def _is_refused(self, refused: str | None) -> None:
        if refused is None:
            raise HostError(
                f"{self.id}: the server still accepts a login with the old password",
                hint="on the host: look who gives it back, then run the same command again",
            )


class PostgresRetiredRole(_Retired):
    """A role that can't log in, has no password, and no session is left of."""

    name = "postgres_retired_role"

    def observe(self) -> State | None:
        """Whether it may log in, has a password, and how many sessions it has."""
        row = psql.query(
            int(self.wanted["port"]),
            "SELECT json_build_object('present', true, 'login', rolcanlogin, 'password', rolpassword IS NOT NULL,"
            " 'sessions', (SELECT count(*) FROM pg_stat_activity WHERE usesysid = r.oid))"
            f" FROM pg_authid r WHERE rolname = {literal(self.wanted['name'])};",
        )
        return None if row is None else row or {"present": False}

    def differs(self, state: State | None) -> list[str]:
        """What is left of it."""
        if state is None:
            return NOT_THERE
        if not state["present"]:
            return []
        problems = ["it can log in"] if state["login"] else []
        problems += ["it has a password"] if state["password"] else []
        return problems + ([f"{state['sessions']} sessions of it"] if state["sessions"] else [])

    def apply(self, state: State | None) -> None:
        """Take login and password, end its sessions, and try the old password."""
        port, role = int(self.wanted["port"]), self.wanted["name"]
        execute(
            port,
            f"ALTER ROLE {identifier(role)} NOLOGIN PASSWORD NULL",
            f"SELECT pg_terminate_backend(pid, {END_LIMIT}) FROM pg_stat_activity WHERE usename = {literal(role)}",
        )
        left = self.differs(self.observe())
        if left:
            raise HostError(
                f"{self.id}: {', '.join(left)}", hint="on the host: SELECT * FROM pg_stat_activity"
            )
        password = self.wanted.get("password")
        if password:
            self._is_refused(postgres_login.refusal(port, role, password))


class RabbitmqRetiredUser(_Retired):
    """A user that is gone, with its permissions; RabbitMQ closes the connections of a deleted user."""

    name = "rabbitmq_retired_user"

    def observe(self) -> State | None:
        """Whether it is there."""
        found = definitions()
        return None if found is None else {"present": any(u["name"] == self.key for u in found["users"])}

    def differs(self, state: State | None) -> list[str]:
        """There or not."""
        if state is None:
            return [NO_ANSWER]
        return ["it is there"] if state["present"] else []

    def apply(self, state: State | None) -> None:
        """Delete it, and try the old password."""
        delete_user(self.key)
        password = self.wanted.get("password")
        if password:
            self._is_refused(amqp.refusal(int(self.wanted["port"]), self.wanted["vhost"], self.key, password))
