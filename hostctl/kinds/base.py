"""What every kind of thing can do. Four verbs carry idempotence, drift, rollback and deletion alike."""

from __future__ import annotations

import enum
from typing import Any, ClassVar

State = dict[str, Any]
"""How a thing is on the host, as JSON. It is all that :meth:`Kind.restore` needs to bring it back."""


class Phase(enum.IntEnum):
    """The order in which a transaction takes things; inside a phase the document's order holds."""

    REPOSITORIES = 0
    PACKAGES = 1
    ACCOUNTS = 2
    RELEASES = 3
    FILES = 4
    SERVICES = 5
    DATA = 6


class Kind:
    """A thing of a unit. A subclass is one module in this folder."""

    name: ClassVar[str]
    phase: ClassVar[Phase]
    rolls_back: ClassVar[bool] = True
    """Whether a failed transaction undoes it (installed packages stay: they harm nothing and cost minutes)."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.wanted = wanted
        self.notify: list[str] = list(wanted.get("notify", ()))

    @property
    def key(self) -> str:
        """What tells it from others of its kind: a path or a name."""
        return str(self.wanted.get("path") or self.wanted["name"])

    @property
    def id(self) -> str:
        """Kind and key."""
        return f"{self.name}:{self.key}"

    @property
    def data(self) -> bool:
        """Whether it holds data that a deletion keeps unless told otherwise."""
        return False

    def observe(self) -> State | None:
        """How it is now; None when that can't be known yet (the server that holds it is not there)."""
        raise NotImplementedError

    def differs(self, state: State | None) -> list[str]:
        """In what ``state`` differs from what is wanted, in words for people, without secrets."""
        raise NotImplementedError

    def apply(self, state: State | None) -> None:
        """Make it as wanted. ``state`` is what was just observed."""
        raise NotImplementedError

    @property
    def units(self) -> list[str]:
        """The systemd units that an observation asks for."""
        return []

    @property
    def paths(self) -> list[str]:
        """Files of its own that its key does not name: nobody takes them for a stranger's."""
        return []

    def finish(self) -> None:
        """What is done only when the whole transaction has succeeded, and can't be undone."""

    def calls_for(self, state: State | None) -> list[str]:
        """The actions that changing it from ``state`` calls for."""
        return self.notify

    def effects(self, state: State | None) -> list[str]:
        """What changing it from ``state`` does besides, in words for people (``start nginx.service``)."""
        return []

    def texts(self, state: State | None) -> tuple[str, str] | None:
        """What it says now and what it is to say, where people can compare the two line by line; never a secret."""
        return None

    def restore(self, state: State) -> None:
        """Bring ``state`` back: the undo within a transaction."""
        raise NotImplementedError

    def remove(self, origin: State) -> None:
        """Take it away for good, as the unit no longer wants it: by default as it was before this program came."""
        self.restore(origin)

    def loss(self, *, stays: bool) -> str | None:
        """What could be lost if it is no longer wanted, in words for people; ``stays``: whether it is kept anyway.

        It is then refused without a recent restore drill (:mod:`hostctl.gate`).
        """
        return None

    def foreign(self, state: State) -> bool:
        """Whether what is there was made by somebody else, so that changing it needs ``adopt``.

        Asked only for things in no manifest that differ. Kinds that merely set a switch answer no.
        """
        return False

    def record(self) -> dict[str, Any]:
        """What the manifest keeps of it: enough to observe and to restore, nothing secret."""
        return {
            k: v for k, v in self.wanted.items() if k not in ("content", "older", "password", "users", "key")
        }
