"""What a stack must not share with others: a server, and the clone's own state folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import unquote, urlsplit

from components.settings.model import Settings
from components.settings.problems import Problem
from components.settings.raw import PROJECT, get

LOCAL_STATE = ".local/state"


def shared_addresses(settings: Settings, others: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    """One problem for each host whose address a host of another stack has too.

    ``others``: the ``config`` mapping of every other stack file, by the file's name.
    """
    owners: dict[str, str] = {}
    for file, config in others.items():
        hosts = config.get(f"{PROJECT}:hosts")
        for name, host in hosts.items() if isinstance(hosts, Mapping) else ():
            if isinstance(address := get(host, ("address",)), str):
                owners.setdefault(address, f"hosts/{name} of {file}")
    return [
        Problem(
            file=settings.file,
            path=("hosts", name, "address"),
            text=f"{host.address} is also {owners[host.address]}; a server belongs to one stack",
        )
        for name, host in settings.hosts.items()
        if host.address in owners
    ]


def check_backend(settings: Settings, environ: Mapping[str, str], project: FilePath) -> list[Problem]:
    """A problem if the state of prod or qa would go into the clone, where it is lost with it."""
    url = environ.get("PULUMI_BACKEND_URL", "")
    parts = urlsplit(url)
    if settings.environment == "local" or parts.scheme != "file":
        return []
    folder = FilePath(unquote(parts.netloc + parts.path)).expanduser()
    if not folder.is_absolute():
        folder = project / folder
    if folder.resolve() != (project / LOCAL_STATE).resolve():
        return []
    text = (
        f"the state of {settings.environment} can't be kept in {LOCAL_STATE}, which goes with this clone; "
        "set PULUMI_BACKEND_URL to your team's backend (for example s3://...) and run again"
    )
    return [Problem(file=settings.file, path=(), text=text)]
