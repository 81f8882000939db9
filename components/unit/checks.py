"""Conditions that a unit waits for after its actions; the unit is applied only when all of them hold."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class Check:
    """A condition with a time limit in seconds. ``log``: file whose last lines an error quotes."""

    type: ClassVar[str]
    timeout: float = 30.0
    log: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The check as ``hostctl`` reads it."""
        return {"type": self.type} | {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True, kw_only=True)
class HttpCheck(Check):
    """GET ``path`` answers ``status``, over a Unix socket (``socket``) or TCP on loopback (``port``)."""

    type: ClassVar[str] = "http"
    path: str
    socket: str | None = None
    port: int | None = None
    host: str = "localhost"
    status: int = 200


@dataclass(frozen=True, kw_only=True)
class TcpCheck(Check):
    """A TCP connection to loopback succeeds."""

    type: ClassVar[str] = "tcp"
    port: int


@dataclass(frozen=True, kw_only=True)
class CommandCheck(Check):
    """A command (argument list, no shell) exits 0. ``title`` is what people read while it does not."""

    type: ClassVar[str] = "command"
    argv: tuple[str, ...]
    title: str
