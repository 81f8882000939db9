"""Rules for memory."""

from __future__ import annotations

import pytest

from policies import Resource
from policies.rules.memory import GIB, memory_fits_the_host, memory_is_limited
from tests.policies.making import breaches, broken, unit

POSTGRES = "shared_buffers = 4GB\nmaintenance_work_mem = 1024MB\nwork_mem = 16MB\n"


def service(limit: str | None, name: str = "sales") -> Resource:
    line = f"MemoryMax={limit}\n" if limit is not None else ""
    files = {
        f"/etc/systemd/system/dhanman-{name}-prod@.service": f"[Service]\nRestart=always\n{line}",
        f"/etc/systemd/system/dhanman-{name}-prod.service": "[Service]\nType=oneshot\n",
    }
    return unit(of="microservice:Microservice", name=name, files=files)


def host(gib: int) -> list[Resource]:
    return [
        unit({"kind": "host_facts", "memory": gib * GIB, "cores": 8}, of="host:Host", name="base"),
        unit(name="postgres", files={"/etc/postgresql/18/main/conf.d/dhanman.conf": POSTGRES}),
        unit(
            name="rabbitmq",
            files={"/etc/rabbitmq/rabbitmq.conf": f"vm_memory_high_watermark.absolute = {GIB}\n"},
        ),
    ]


def test_a_service_with_a_ceiling_is_right() -> None:
    assert breaches(memory_is_limited, service(str(GIB))) == []


@pytest.mark.parametrize("limit", [None, "infinity", ""])
def test_a_service_without_one_is_named(limit: str | None) -> None:
    assert "dhanman-sales-prod@.service" in broken(memory_is_limited, service(limit)).wrong


def test_what_fits_is_right_to_the_byte() -> None:
    # 4 + 1 for PostgreSQL, 1 for RabbitMQ, 1 for the rest; half of two services with 2 each
    assert (
        breaches(memory_fits_the_host, *host(9), service(str(2 * GIB)), service(str(2 * GIB), "common")) == []
    )


def test_what_does_not_fit_is_named_with_both_sums() -> None:
    breach = broken(memory_fits_the_host, *host(8), service(str(2 * GIB)), service(str(2 * GIB), "common"))
    assert "9.0 GiB of its 8.0 GiB" in breach.wrong
    assert breach.resource.name == "base"


def test_object_storage_counts_whole() -> None:
    text = f"[Service]\nRestart=always\nMemoryMax={2 * GIB}\n"
    files = {"/etc/systemd/system/dhanman-object-storage-prod.service": text}
    storage = unit(of="object_storage:ObjectStorage", name="object-storage", files=files)
    assert breaches(memory_fits_the_host, *host(9), storage) == []
    assert broken(memory_fits_the_host, *host(8), storage)
