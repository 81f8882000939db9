"""A RabbitMQ vhost with its users and permissions, in as few calls of rabbitmqctl as can be."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from hostctl import amqp, erlang
from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State
from hostctl.kinds.paths import ids, write_file
from hostctl.run import run

FULL = {"configure": ".*", "write": ".*", "read": ".*"}
CONTROL = Path("/usr/sbin/rabbitmqctl")
HASHING = "rabbit_password_hashing_sha256"
NO_ANSWER = "RabbitMQ does not answer"
LOOK = "on the host: systemctl status rabbitmq-server"


def password_hash(password: str, salt: bytes | None = None) -> str:
    """RabbitMQ's form: base64 of a 4-byte salt and SHA-256 of salt and password ("Passwords" in its guide)."""
    salt = salt if salt is not None else os.urandom(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def hash_matches(password: str, stored: str) -> bool:
    """Whether a stored hash is that of the password."""
    try:
        salt = base64.b64decode(stored)[:4]
    except ValueError:
        return False
    return password_hash(password, salt) == stored


def definitions() -> dict[str, Any] | None:
    """Users, vhosts, permissions and parameters, as the broker's own export gives them; None while it is silent."""
    wanted = ("users", "vhosts", "permissions", "parameters")
    # without the queues, of which there may be thousands
    kept = f"maps:with([{', '.join(wanted)}], rabbit_definitions:all_definitions())"
    answer = erlang.evaluate(f"rabbit_json:encode({kept})")
    exported: dict[str, Any] = json.loads(answer) if answer else {}
    if exported.keys() >= set(wanted):
        return exported
    if not CONTROL.exists():
        return None
    done = run(["rabbitmqctl", "--quiet", "export_definitions", "-"], check=False, timeout=60)
    if done.returncode != 0 or "{" not in done.stdout:
        return None
    exported = json.loads(done.stdout[done.stdout.index("{") :])
    return exported


def import_definitions(content: dict[str, Any]) -> None:
    """Give the broker definitions; what they do not name stays."""
    # through a file: rabbitmqctl on Erlang 28 crashes when it reads definitions from stdin
    with tempfile.TemporaryDirectory(prefix="dhanman-") as folder:
        file = Path(folder) / "definitions.json"
        attributes = {"mode": "0600", "owner": "rabbitmq", "group": "rabbitmq"}
        write_file(file, json.dumps(content).encode(), **attributes)
        os.chown(folder, *ids("rabbitmq", "rabbitmq"))
        run(["rabbitmqctl", "--quiet", "import_definitions", str(file)], timeout=120)


def delete_user(name: str) -> None:
    """Delete a user with its permissions; the broker closes its connections."""
    run(["rabbitmqctl", "--quiet", "delete_user", name], timeout=60)


def _digest(stored: str) -> str:
    return hashlib.sha256(stored.encode()).hexdigest()


class RabbitmqDefinitions(Kind):
    """The vhost exists with exactly these users' permissions; some users do not exist.

    ``outgoing_users`` are left as they are: their turn is over, and another unit deletes them when nobody needs them.
    ``port``: where each user's login is tried after a change; without it none is.
    """

    name = "rabbitmq_definitions"
    phase = Phase.DATA

    def __init__(self, wanted: dict[str, Any]) -> None:
        super().__init__(wanted)
        self._digests: dict[str, str] = {}

    @property
    def key(self) -> str:
        """The vhost."""
        return str(self.wanted["vhost"])

    @property
    def data(self) -> bool:
        """Messages wait in a vhost."""
        return True

    def observe(self) -> State | None:
        """The broker's definitions, as far as they concern this vhost."""
        exported = definitions()
        if exported is None:
            return None
        vhost = self.key
        return {
            "present": any(v["name"] == vhost for v in exported["vhosts"]),
            "users": {
                u["name"]: {"password_hash": u["password_hash"], "hashing_algorithm": u["hashing_algorithm"],
                            "tags": sorted(u["tags"] if isinstance(u["tags"], list) else u["tags"].split(","))}
                for u in exported["users"]
            },
            "permissions": {
                p["user"]: {k: p[k] for k in FULL} for p in exported["permissions"] if p["vhost"] == vhost
            },
            "limits": {
                k: v for item in exported.get("parameters", [])
                if item["component"] == "vhost-limits" and item["vhost"] == vhost for k, v in item["value"].items()
            },
        }  # fmt: skip

    def _users(self) -> list[dict[str, Any]]:
        # a manifest of an older version has the names alone
        names = self.wanted.get("user_names", ())
        return list(self.wanted.get("users") or ({"name": name} for name in names))

    def differs(self, state: State | None) -> list[str]:
        """Missing vhost, users or permissions; users and permissions too many; limits."""
        if state is None:
            return [NO_ANSWER]
        problems = [] if state["present"] else ["vhost is missing"]
        for user in self._users():
            name, there = user["name"], state["users"].get(user["name"])
            if there is None:
                problems.append(f"user {name} is missing")
                continue
            if self._password_differs(user, there["password_hash"]):
                problems.append(f"user {name}: password")
            if "tags" in user and sorted(t for t in there["tags"] if t) != sorted(user["tags"]):
                problems.append(f"user {name}: tags")
            if state["permissions"].get(name) != FULL:
                problems.append(f"user {name}: permissions")
        problems += [
            f"user {name} is there" for name in self.wanted["absent_users"] if name in state["users"]
        ]
        problems += [f"user {name} has permissions on the vhost" for name in self._strangers(state)]
        limits = self.wanted["vhost_limits"]
        return problems + [f"limit {k}" for k, v in limits.items() if state["limits"].get(k) != v]

    def _password_differs(self, user: dict[str, Any], stored: str) -> bool:
        if "password" not in user:
            return "digest" in user and _digest(stored) != user["digest"]
        if not hash_matches(user["password"], stored):
            return True
        self._digests[user["name"]] = _digest(stored)
        return False

    def _strangers(self, state: State) -> list[str]:
        """Who has permissions on the vhost and is neither a user of it nor one that is to go anyway."""
        known = {*self._names(), *self.wanted.get("outgoing_users", ()), *self.wanted["absent_users"]}
        return sorted(state["permissions"].keys() - known)

    def apply(self, state: State | None) -> None:
        """One import for all that is wanted, one call for each user or permission that must go, and a login."""
        if state is None:
            raise HostError(NO_ANSWER, hint=LOOK)
        users = [
            {"name": u["name"], "password_hash": password_hash(u["password"]), "hashing_algorithm": HASHING,
             "tags": u["tags"]}
            for u in self._users()
        ]  # fmt: skip
        limits = self.wanted["vhost_limits"]
        import_definitions(
            {
                "vhosts": [{"name": self.key}],
                "users": users,
                "permissions": [{"user": u["name"], "vhost": self.key, **FULL} for u in users],
                "parameters": [
                    {"vhost": self.key, "component": "vhost-limits", "name": "limits", "value": limits},
                ]
                if limits
                else [],
            }
        )
        self._digests = {u["name"]: _digest(u["password_hash"]) for u in users}
        for name in self.wanted["absent_users"]:
            if name in state["users"]:
                delete_user(name)
        for name in self._strangers(state):
            run(["rabbitmqctl", "--quiet", "clear_permissions", "--vhost", self.key, name], timeout=60)
        if self.wanted.get("port"):
            for user in self._users():
                self._log_in(int(self.wanted["port"]), user)

    def _log_in(self, port: int, user: dict[str, Any]) -> None:
        refused = amqp.refusal(port, self.key, user["name"], user["password"])
        if refused:
            raise HostError(
                f"{self.id}: the broker refuses a login of {user['name']} with the new password",
                details=f"    {refused}",
                hint="on the host: the broker's log in /var/log/rabbitmq",
            )

    def _names(self) -> list[str]:
        return [str(u["name"]) for u in self._users()]

    def restore(self, state: State) -> None:
        """Bring users and permissions back; a vhost that was not there goes with its messages."""
        now = self.observe()
        if now is None:
            if not CONTROL.exists():
                return
            raise HostError(f"{self.id}: {NO_ANSWER}", hint=LOOK)
        ours = (*self._names(), *self.wanted.get("outgoing_users", ()))
        back = {n: u for n, u in state["users"].items() if n in (*ours, *self.wanted["absent_users"])}
        permissions = [
            {"user": n, "vhost": self.key, **p}
            for n, p in state["permissions"].items()
            if (n in back or n in now["users"]) and state["present"]
        ]
        if back or permissions:
            import_definitions(
                {"users": [{"name": n, **u} for n, u in back.items()], "permissions": permissions}
            )
        for name in ours:
            if name in now["users"] and name not in state["users"]:
                delete_user(name)
        if now["present"] and not state["present"]:
            run(["rabbitmqctl", "--quiet", "delete_vhost", self.key], timeout=60)

    def foreign(self, state: State) -> bool:
        """A vhost of this name, or one of its users, that we did not make."""
        return bool(state["present"]) or any(n in state["users"] for n in self._names())

    def record(self) -> dict[str, Any]:
        """With a digest of what the broker stores in place of each password, so that another one is noticed."""
        users = [
            {k: v for k, v in user.items() if k != "password"}
            | ({"digest": self._digests[user["name"]]} if user["name"] in self._digests else {})
            for user in self._users()
        ]
        return super().record() | {"users": users}
