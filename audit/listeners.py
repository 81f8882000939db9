"""What listens, against what is declared: from inside by ``ss``, from outside by connecting to every port.

"Outside" is twice: an address within the private ranges, and one without.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from audit.verdict import Verdict
from doctor.listeners import Declared, Listener, parse, strangers

COMMAND = "ss --no-header --listening --tcp --udp --numeric --processes"
PORTS = range(1, 65536)
AT_ONCE = 1000
PATIENCE = 1.0
"""Seconds for a connection; what the firewall drops answers nothing at all."""

SECOND_LOOK = 5.0
"""Seconds for a port that should answer and did not while a thousand others were asked."""


def inside(said: str, declared: Declared) -> Verdict:
    """What listens beyond loopback. ``declared``: protocol and port, with what it is for."""
    found = [_listener(line) for line in said.splitlines()]
    ports = {(one.protocol, one.port) for one in found if not one.loopback}
    undeclared = strangers(found, declared)
    return Verdict(
        auditor="ss",
        subject="listeners beyond loopback",
        aim="what is declared",
        found=f"{len(ports)} ports, {len(undeclared)} listeners not declared",
        passed=not undeclared,
        remarks=[str(one) for one in undeclared],
    )


def _listener(line: str) -> Listener:
    protocol, _, _, _, local, _, *process = line.split(None, 6)
    return parse(protocol, local, "".join(process))


def outside(name: str, open_ports: Iterable[int], declared: Iterable[int]) -> Verdict:
    """Which ports answer at an address, against those that should."""
    found, wanted = set(open_ports), set(declared)
    remarks = [f"{port} answers and is not declared" for port in sorted(found - wanted)]
    remarks += [f"{port} is declared and does not answer" for port in sorted(wanted - found)]
    return Verdict(
        auditor="port scan",
        subject=f"TCP from {name}",
        aim=" ".join(map(str, sorted(wanted))),
        found=" ".join(map(str, sorted(found))) or "none",
        passed=found == wanted,
        remarks=remarks,
    )


def scan(
    address: str, expected: Iterable[int], source: str | None = None, ports: Iterable[int] = PORTS
) -> list[int]:
    """The TCP ports that accept a connection. ``expected``: asked once more if need be, since a busy machine misses
    answers. ``source``: the address that connections come from.
    """
    found = set(asyncio.run(_scan(address, source, ports, PATIENCE)))
    missed = set(expected) - found
    return sorted(found | set(asyncio.run(_scan(address, source, missed, SECOND_LOOK))))


async def _scan(address: str, source: str | None, ports: Iterable[int], patience: float) -> list[int]:
    slots = asyncio.Semaphore(AT_ONCE)

    async def answers(port: int) -> bool:
        async with slots:
            try:
                local = (source, 0) if source else None
                opened = asyncio.open_connection(address, port, local_addr=local)
                _, writer = await asyncio.wait_for(opened, patience)
            except (OSError, TimeoutError):
                return False
            writer.close()
            return True

    wanted = list(ports)
    results = await asyncio.gather(*map(answers, wanted))
    return [port for port, is_open in zip(wanted, results, strict=True) if is_open]
