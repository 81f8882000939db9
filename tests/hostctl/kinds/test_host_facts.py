"""Is the host as large as its settings say?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hostctl.errors import HostError
from hostctl.kinds import build
from hostctl.kinds.base import Kind

GIB = 2**30


def _facts(memory: int = 16 * GIB, cores: int = 4) -> Kind:
    return build({"kind": "host_facts", "name": "size", "memory": memory, "cores": cores})


def test_the_hosts_own_numbers_are_read() -> None:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    state = _facts().observe()
    assert state is not None
    assert state["cores"] == os.cpu_count()
    assert state["memory"] == pytest.approx(pages, rel=0.01)


@pytest.mark.parametrize(
    ("memory", "cores", "words"),
    [
        (16 * GIB, 4, []),
        (15 * GIB, 8, []),
        (14.8 * GIB, 4, ["memory is 14.8 GiB, the settings say 16.0 GiB"]),
        (8 * GIB, 2, ["memory is 8.0 GiB, the settings say 16.0 GiB", "2 cores, the settings say 4"]),
    ],
)
def test_only_a_smaller_host_differs_and_a_little_memory_is_the_kernels(
    memory: float, cores: int, words: list[str]
) -> None:
    assert _facts().differs({"memory": memory, "cores": cores}) == words


def test_a_smaller_host_is_refused_with_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"smaller than its settings: 2 cores, the settings say 4") as refused:
        _facts().apply({"memory": 16 * GIB, "cores": 2})
    assert "correct memory and cores" in refused.value.hint


def test_nothing_is_ever_undone() -> None:
    thing = _facts()
    assert not thing.rolls_back
    thing.restore({"memory": 1, "cores": 1})
    assert not thing.foreign({"memory": 1, "cores": 1})
