"""Facts of a healthy host, and changed copies of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from components.remote.session import Answer
from components.settings import Host
from doctor.facts import Facts, Filesystem
from doctor.findings import Finding
from doctor.hosts import Expected
from doctor.listeners import Listener
from tests.components.settings.example import HOST_KEY

GIB = 1024**3
VERSION = "0123456789abcdef"
UP = "make up STACK=qa"


def host(**changes: Any) -> Host:
    values = {"address": "192.0.2.10", "hostKey": HOST_KEY, "memory": "16GiB", "cores": 8} | changes
    return Host.model_validate(values)


def expected(**changes: Any) -> Expected:
    return Expected(name="main", host=host(**changes), version=VERSION, up=UP)


def filesystem(mount: str = "/", *, size: int = 100, available: int = 50, **changes: Any) -> Filesystem:
    """Sizes in GiB."""
    values = {"inodes": 1000, "inodes_free": 900} | changes
    used = (size - available) * GIB
    return Filesystem(mount=mount, size=size * GIB, used=used, available=available * GIB, **values)


def facts(**changes: Any) -> Facts:
    values: dict[str, Any] = {
        "began": 1000.1,
        "ended": 1000.4,
        "root": True,
        "os_id": "debian",
        "os_version": "13",
        "os_name": "Debian GNU/Linux 13 (trixie)",
        "memory": 16 * GIB,
        "swap": 0,
        "cores": 8,
        "synchronised": True,
        "container": False,
        "filesystems": (filesystem(),),
        "failed": (),
        "reboot": None,
        "listeners": (Listener(address="0.0.0.0", port=22, process="sshd"),),
        "hostctl": VERSION,
        "journals": (),
        "armed": (),
        "reverted": (),
        "differences": {"base": ()},
    }
    return Facts(**values | changes)


def answer(**changes: Any) -> Answer:
    values: dict[str, Any] = {"status": 0, "out": "", "err": "", "user": "deploy"}
    return Answer(**values | {"entered": 0.2, "sent": 1000.0, "received": 1000.5} | changes)


def levels(findings: Iterable[Finding]) -> set[str]:
    """Level and subject of all that is not well."""
    return {f"{finding.level} {finding.subject}" for finding in findings if finding.level != "ok"}


def lines(findings: Iterable[Finding]) -> str:
    return "\n".join(f"{f.level} {f.subject}: {f.text} -> {f.remedy}" for f in findings)
