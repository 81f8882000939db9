"""How a stack's hosts are entered, from its settings."""

from __future__ import annotations

from pathlib import Path

from components.remote.connection import Login
from components.settings import Settings


def logins(settings: Settings) -> dict[str, Login]:
    """How each host is entered, by its name."""
    key = settings.ssh.private_key
    text = key.get_secret_value() if key else None
    if settings.ssh.private_key_file:
        text = Path(settings.ssh.private_key_file).expanduser().read_text(encoding="utf-8")
    return {
        name: Login(address=host.address, port=host.port, host_key=host.host_key, private_key=text)
        for name, host in settings.hosts.items()
    }


def users(settings: Settings) -> dict[str, tuple[str, ...]]:
    """The users that each host may know: the deploy user, and before its first run the one it came with."""
    return {
        name: tuple(dict.fromkeys((host.user, host.bootstrap_user))) for name, host in settings.hosts.items()
    }


def known_hosts(settings: Settings) -> frozenset[str]:
    """Hosts that can be asked at all: nothing that leads to them is a placeholder."""
    missing = {placeholder.path for placeholder in settings.placeholders}
    if any(path[0] == "ssh" for path in missing):
        return frozenset()
    return frozenset(
        name for name in settings.hosts if not any(path[:2] == ("hosts", name) for path in missing)
    )
