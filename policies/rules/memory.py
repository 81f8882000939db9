"""Rules for memory: a ceiling for each service, and all that is planned fits the host."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from policies.resource import Resource, Unit
from policies.stack import Breach, Stack

GIB = 1 << 30
_SERVICE, _OBJECTS = "dhanman:microservice:Microservice", "dhanman:object_storage:ObjectStorage"
_LIMIT = re.compile(r"(?m)^MemoryMax=(\S+)$")
_POSTGRES = re.compile(r"(?m)^(shared_buffers|maintenance_work_mem)\s*=\s*'?(\d+)\s*(kB|MB|GB|TB)'?")
_BROKER = re.compile(r"(?m)^vm_memory_high_watermark\.absolute\s*=\s*(\d+)$")
_UNITS = {"kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}


def memory_is_limited(stack: Stack) -> Iterator[Breach]:
    """Every process that serves has a ceiling: one that leaks must not take the database with it."""
    for resource, unit in _serving(stack):
        for path, limit in _limits(unit):
            if limit is None:
                do = "set MemoryMax= in bytes (services.<name>.memoryMax)"
                yield Breach(resource=resource, wrong=f"{path} sets no MemoryMax", do=do)


def memory_fits_the_host(stack: Stack) -> Iterator[Breach]:
    """PostgreSQL, RabbitMQ, object storage, half of the services' ceilings and 1 GiB fit each host's memory."""
    hosts: dict[str, tuple[Resource, int]] = {}
    needs: dict[str, int] = defaultdict(lambda: GIB)
    for resource, unit in stack.units:
        for thing in unit.of("host_facts"):
            hosts[resource.host] = (resource, int(thing["memory"]))
        for path, text in unit.files.items():
            if path.startswith("/etc/postgresql/"):
                needs[resource.host] += sum(int(n) * _UNITS[u] for _, n, u in _POSTGRES.findall(text))
            needs[resource.host] += sum(map(int, _BROKER.findall(text)))
    for resource, unit in _serving(stack):
        whole = sum(limit or 0 for _, limit in _limits(unit))
        # two instances of a service run only while a release is swapped, and ceilings are no reservations
        needs[resource.host] += whole // 2 if _SERVICE in resource.types else whole
    for host, (resource, memory) in hosts.items():
        if needs[host] > memory:
            yield Breach(
                resource=resource,
                wrong=f"what is planned for the host needs {_gib(needs[host])} GiB of its {_gib(memory)} GiB",
                do="lower the services' memoryMax, or give a role to another host",
            )


def _serving(stack: Stack) -> Iterator[tuple[Resource, Unit]]:
    yield from stack.within(_SERVICE)
    yield from stack.within(_OBJECTS)


def _limits(unit: Unit) -> Iterator[tuple[str, int | None]]:
    """The ceiling of each process that is kept running, by the file of its systemd unit."""
    for path, text in unit.files.items():
        if (
            path.startswith("/etc/systemd/system/")
            and path.endswith(".service")
            and "\nRestart=always" in text
        ):
            found = _LIMIT.findall(text)
            yield path, int(found[-1]) if found and found[-1].isdecimal() else None


def _gib(size: int) -> str:
    return f"{size / GIB:.1f}"
