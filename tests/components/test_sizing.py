"""PostgreSQL's memory settings at the document's size and around it."""

from __future__ import annotations

import pytest

from components.sizing import GIB, KIB, MIB, PostgresSizing, postgres_size


def test_a_host_of_the_documents_size_gets_the_documents_figures() -> None:
    assert PostgresSizing.for_memory(16 * GIB, 8) == PostgresSizing(
        shared_buffers=4 * GIB,
        effective_cache_size=12 * GIB,
        maintenance_work_mem=1 * GIB,
        work_mem=16 * MIB,
        max_wal_size=4 * GIB,
        min_wal_size=1 * GIB,
        autovacuum_max_workers=4,
        max_worker_processes=8,
        max_parallel_workers=8,
        max_parallel_workers_per_gather=2,
    )


@pytest.mark.parametrize("memory", [GIB, 4 * GIB, 16 * GIB, 64 * GIB, 3 * GIB + 1])
def test_every_size_is_whole_megabytes_and_fits_the_host(memory: int) -> None:
    sizing = PostgresSizing.for_memory(memory, 2)
    assert sizing.shared_buffers + sizing.maintenance_work_mem < memory // 2
    assert sizing.min_wal_size < sizing.max_wal_size <= memory // 4
    assert all(
        size % MIB == 0 for size in (sizing.shared_buffers, sizing.work_mem, sizing.effective_cache_size)
    )


@pytest.mark.parametrize(
    ("size", "text"),
    [(4 * GIB, "4GB"), (1536 * MIB, "1536MB"), (64 * KIB, "64kB"), (1025, "1kB"), (1024 * GIB, "1TB")],
)
def test_a_size_is_written_as_postgres_writes_it(size: int, text: str) -> None:
    assert postgres_size(size) == text
