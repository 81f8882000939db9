"""How a stack's hosts and DNS server are entered and looked at, from its settings.

``DHANMAN_OBSERVE=no`` in the environment leaves the hosts unobserved: the plan then follows from what was applied last.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from components import specs
from components.dns.rfc2136.component import Looked
from components.remote import Observer
from components.remote.connection import Login
from components.remote.session import Sessions
from components.settings import Problem, Settings, SettingsError


def logins(settings: Settings) -> dict[str, Login]:
    """How each host is entered, by its name. Raises :class:`SettingsError` if the key's file can't be read."""
    key = settings.ssh.private_key
    text = key.get_secret_value() if key else None
    if settings.ssh.private_key_file:
        text = _key_in(settings.ssh.private_key_file, settings.file)
    return {
        name: Login(address=host.address, port=host.port, host_key=host.host_key, private_key=text)
        for name, host in settings.hosts.items()
    }


def _key_in(path: str, file: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        # what is no text may be a key in another form: it is not quoted
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        problem = f"{path} can't be read ({why}); correct the path, or make the file readable for you"
        raise SettingsError([Problem(file=file, path=("ssh", "privateKeyFile"), text=problem)]) from None


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


def observe(settings: Settings, environment: Mapping[str, str] = os.environ) -> Observer | None:
    """What is on the hosts now; None where nobody is asked."""
    known = known_hosts(settings)
    if not known or environment.get("DHANMAN_OBSERVE") == "no":
        return None
    entered = {name: login for name, login in logins(settings).items() if name in known}
    return Observer(Sessions(entered, users(settings)))


def look_at_names(settings: Settings, environment: Mapping[str, str] = os.environ) -> Looked | str | None:
    """How the zone at a server of one's own differs from what is wanted.

    None where nobody is asked, a text where the server could not be.
    """
    wanted = specs.dns_zone(settings, settings.dns) if settings.dns else None
    if wanted is None or settings.is_placeholder("dns") or environment.get("DHANMAN_OBSERVE") == "no":
        return None
    from components.dns.rfc2136.exchange import Server, ServerError

    try:
        found = Server(wanted).look()
    except ServerError as error:
        return str(error)
    return Looked(told=tuple(found.told), refused=tuple(found.refused))
