"""How PostgreSQL's connections are shared out among the services.

The deployment document, section "Connection Pooling", gives each of six services a pool of 100 at 200
connections in all, which can't be; and while a release is swapped each service runs twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from components.settings.applications import Pool

INSTANCES = 2
"""Instances of a service that may run at once: the old and the new one of a swap."""


def needed_connections(pools: Mapping[str, int], reserved: int) -> int:
    """Connections that ``max_connections`` must allow for pools of these sizes and the reserve."""
    return sum(pools.values()) * INSTANCES + reserved


def default_pool(*, max_connections: int, reserved: int, services: int, explicit: Mapping[str, int]) -> Pool:
    """The pool of a service without a size of its own: an equal share of what is left, at least 1."""
    rest = max(services - len(explicit), 1)
    size = (max_connections - needed_connections(explicit, reserved)) // (rest * INSTANCES)
    return Pool(max=max(size, 1), min=max(size // 10, 1))
