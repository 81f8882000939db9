"""A RabbitMQ vhost with its users and permissions, in as few calls as can be (each starts an Erlang VM)."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State
from hostctl.kinds.paths import ids, write_file
from hostctl.run import run

FULL = {"configure": ".*", "write": ".*", "read": ".*"}
CONTROL = Path("/usr/sbin/rabbitmqctl")
HASHING = "rabbit_password_hashing_sha256"


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


class RabbitmqDefinitions(Kind):
    """The vhost exists with exactly these users' permissions; some users do not exist."""

    name = "rabbitmq_definitions"
    phase = Phase.DATA

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
        done = run(["rabbitmqctl", "--quiet", "export_definitions", "-"], check=False, timeout=60)
        if done.returncode != 0 or "{" not in done.stdout:
            return None
        exported = json.loads(done.stdout[done.stdout.index("{") :])
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
        return list(self.wanted.get("users", ()))

    def differs(self, state: State | None) -> list[str]:
        """Missing vhost, users or permissions; users too many; limits."""
        if state is None:
            return ["RabbitMQ does not answer"]
        problems = [] if state["present"] else ["vhost is missing"]
        for user in self._users():
            there = state["users"].get(user["name"])
            if there is None:
                problems.append(f"user {user['name']} is missing")
                continue
            if not hash_matches(user["password"], there["password_hash"]):
                problems.append(f"user {user['name']}: password")
            if sorted(t for t in there["tags"] if t) != sorted(user["tags"]):
                problems.append(f"user {user['name']}: tags")
            if state["permissions"].get(user["name"]) != FULL:
                problems.append(f"user {user['name']}: permissions")
        problems += [
            f"user {name} is there" for name in self.wanted["absent_users"] if name in state["users"]
        ]
        limits = self.wanted["vhost_limits"]
        return problems + [f"limit {k}" for k, v in limits.items() if state["limits"].get(k) != v]

    def apply(self, state: State | None) -> None:
        """One import for all that is wanted, then one call for each user that must go."""
        if state is None:
            raise HostError("RabbitMQ does not answer", hint="on the host: systemctl status rabbitmq-server")
        users = [
            {"name": u["name"], "password_hash": password_hash(u["password"]), "hashing_algorithm": HASHING,
             "tags": u["tags"]}
            for u in self._users()
        ]  # fmt: skip
        limits = self.wanted["vhost_limits"]
        self._import(
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
        for name in self.wanted["absent_users"]:
            if name in state["users"]:
                run(["rabbitmqctl", "--quiet", "delete_user", name], timeout=60)

    def _import(self, definitions: dict[str, Any]) -> None:
        # through a file: rabbitmqctl on Erlang 28 crashes when it reads definitions from stdin
        with tempfile.TemporaryDirectory(prefix="dhanman-") as folder:
            file = Path(folder) / "definitions.json"
            attributes = {"mode": "0600", "owner": "rabbitmq", "group": "rabbitmq"}
            write_file(file, json.dumps(definitions).encode(), **attributes)
            os.chown(folder, *ids("rabbitmq", "rabbitmq"))
            run(["rabbitmqctl", "--quiet", "import_definitions", str(file)], timeout=120)

    def _names(self) -> list[str]:
        return [str(u["name"]) for u in self._users()] or list(self.wanted.get("user_names", ()))

    def restore(self, state: State) -> None:
        """Bring users and permissions back; a vhost that was not there goes with its messages."""
        now = self.observe()
        if now is None:
            if not CONTROL.exists():
                return
            raise HostError(
                f"{self.id}: RabbitMQ does not answer", hint="on the host: systemctl status rabbitmq-server"
            )
        back = {
            n: u for n, u in state["users"].items() if n in (*self._names(), *self.wanted["absent_users"])
        }
        if back:
            permissions = [
                {"user": n, "vhost": self.key, **p}
                for n, p in state["permissions"].items()
                if n in back and state["present"]
            ]
            self._import({"users": [{"name": n, **u} for n, u in back.items()], "permissions": permissions})
        for name in self._names():
            if name in now["users"] and name not in state["users"]:
                run(["rabbitmqctl", "--quiet", "delete_user", name], timeout=60)
        if now["present"] and not state["present"]:
            run(["rabbitmqctl", "--quiet", "delete_vhost", self.key], timeout=60)

    def foreign(self, state: State) -> bool:
        """A vhost of this name, or one of its users, that we did not make."""
        return bool(state["present"]) or any(n in state["users"] for n in self._names())

    def record(self) -> dict[str, Any]:
        """With the users' names in place of the users."""
        return super().record() | {"user_names": self._names()}
