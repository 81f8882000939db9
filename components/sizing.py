"""How much memory PostgreSQL takes on a host of a given size.

Source: the deployment document, section "PostgreSQL Setup", whose figures are those of a host with 16 GB and
8 cores; at other sizes the same shares hold (PostgreSQL manual, chapter "Resource Consumption").
"""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

_UNITS = (("TB", 1024 * GIB), ("GB", GIB), ("MB", MIB), ("kB", KIB))


def postgres_size(size: int) -> str:
    """``size`` in bytes as PostgreSQL writes it (``4GB``), in the largest unit that needs no fraction.

    A rest below 1 kB is cut off, since PostgreSQL's memory settings have no smaller unit.
    """
    for unit, factor in _UNITS:
        if size >= factor and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size // KIB}kB"


@dataclass(frozen=True, kw_only=True)
class PostgresSizing:
    """Memory settings in bytes and numbers of processes, named as in ``postgresql.conf``."""

    shared_buffers: int
    effective_cache_size: int
    maintenance_work_mem: int
    work_mem: int
    max_wal_size: int
    min_wal_size: int
    autovacuum_max_workers: int
    max_worker_processes: int
    max_parallel_workers: int
    max_parallel_workers_per_gather: int

    @classmethod
    def for_memory(cls, memory: int, cores: int) -> PostgresSizing:
        """The sizing of a server on a host with ``memory`` bytes and ``cores``.

        Lower bounds are PostgreSQL's own defaults, so that a small host is never tuned below them.
        """
        max_wal_size = min(4 * GIB, max(memory // 4, 128 * MIB))
        return cls(
            shared_buffers=_whole_mib(max(memory // 4, 128 * MIB)),
            effective_cache_size=_whole_mib(memory * 3 // 4),
            # Above 2 GB a vacuum gains nothing, and several of them run at once.
            maintenance_work_mem=_whole_mib(min(max(memory // 16, 64 * MIB), 2 * GIB)),
            work_mem=_whole_mib(max(memory // 1024, 4 * MIB)),
            max_wal_size=_whole_mib(max_wal_size),
            min_wal_size=_whole_mib(max(max_wal_size // 4, 32 * MIB)),
            autovacuum_max_workers=min(max(cores // 2, 3), 8),
            max_worker_processes=max(cores, 8),
            max_parallel_workers=cores,
            max_parallel_workers_per_gather=max(cores // 4, 1),
        )


def _whole_mib(size: int) -> int:
    return size // MIB * MIB
