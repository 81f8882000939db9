"""The host is as large as the settings say."""

from __future__ import annotations

import os
from pathlib import Path

from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State

TOLERANCE = 0.93
"""A machine sold with 16 GiB reports less: the kernel and the firmware take theirs first."""


class HostFacts(Kind):
    """Memory and cores are at least what plans were sized for; nothing is made or removed."""

    name = "host_facts"
    phase = Phase.REPOSITORIES
    rolls_back = False

    def observe(self) -> State | None:
        """Memory in bytes and cores of the real host."""
        line = next(x for x in Path("/proc/meminfo").read_text().splitlines() if x.startswith("MemTotal:"))
        return {"memory": int(line.split()[1]) * 1024, "cores": os.cpu_count() or 1}

    def differs(self, state: State | None) -> list[str]:
        """What the settings promise and the host does not have."""
        assert state is not None
        problems = []
        if state["memory"] < TOLERANCE * self.wanted["memory"]:
            real, said = (f"{n / 2**30:.1f} GiB" for n in (state["memory"], self.wanted["memory"]))
            problems.append(f"memory is {real}, the settings say {said}")
        if state["cores"] < self.wanted["cores"]:
            problems.append(f"{state['cores']} cores, the settings say {self.wanted['cores']}")
        return problems

    def apply(self, state: State | None) -> None:
        """Only the settings can be corrected."""
        raise HostError(
            f"the host is smaller than its settings: {'; '.join(self.differs(state))}",
            hint="correct memory and cores of this host in the settings",
        )

    def restore(self, state: State) -> None:
        """Nothing was changed."""
