"""A file that somebody else makes and that must be there."""

from __future__ import annotations

from pathlib import Path

from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State


class PathPresent(Kind):
    """The path exists; nothing is made or removed."""

    name = "path_present"
    phase = Phase.REPOSITORIES
    rolls_back = False

    def observe(self) -> State | None:
        """Whether it is there."""
        return {"present": Path(self.wanted["path"]).exists()}

    def differs(self, state: State | None) -> list[str]:
        """Missing or not."""
        assert state is not None
        return [] if state["present"] else ["missing"]

    def apply(self, state: State | None) -> None:
        """Only somebody else can make it."""
        raise HostError(f"{self.wanted['path']} is not on the host", hint=self.wanted["hint"])

    def restore(self, state: State) -> None:
        """Nothing was changed."""
