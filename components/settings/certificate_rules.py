"""What must hold for certificates from an ACME server."""

from __future__ import annotations

from collections.abc import Iterator

from components.settings.finding import Finding, Rule
from components.settings.model import StackFile
from components.settings.problems import Path

DIRECTORY: Path = ("certificates", "acme", "directory")
PEBBLE_PORTS = (8053, 8055, 14000, 15000)
"""The test server's, its DNS's, and those by which both are managed."""
MOST_NAMES = 100
"""Names that Let's Encrypt puts into one certificate."""


def the_test_server_is_for_tests(_stack: str, file: StackFile) -> Iterator[Finding]:
    """Nobody trusts what Pebble signs, and its ports are its own."""
    asked = file.certificates.asked
    if asked is None or asked.directory != "pebble":
        return
    if file.environment != "local":
        yield Finding(
            DIRECTORY,
            f"pebble is for environment local: no browser trusts it, and this is {file.environment}",
        )
    for name, service in file.services.items():
        ports: dict[Path, int] = {("port",): service.port}
        if service.slot_ports:
            ports |= {("slotPorts", slot): port for slot, port in service.slot_ports.model_dump().items()}
        for below, port in ports.items():
            if port in PEBBLE_PORTS:
                yield Finding(
                    ("services", name, *below), f"{port} is pebble's; choose another one", (DIRECTORY,)
                )


def one_certificate_has_room_for_all(_stack: str, file: StackFile) -> Iterator[Finding]:
    """A certificate for all names holds so many at most."""
    asked = file.certificates.asked
    names = len(file.services) + 1
    if asked and not asked.one_per_name and names > MOST_NAMES:
        text = f"one certificate holds {MOST_NAMES} names, and there are {names}"
        yield Finding(("certificates", "acme", "onePerName"), text)


CERTIFICATE_RULES: tuple[Rule, ...] = (the_test_server_is_for_tests, one_certificate_has_room_for_all)
