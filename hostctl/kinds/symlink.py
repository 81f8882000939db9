"""A symbolic link."""

from __future__ import annotations

from hostctl.kinds.base import Phase, State
from hostctl.kinds.paths import PathKind, write_symlink


class Symlink(PathKind):
    """The link points at the wanted target."""

    name = "symlink"
    phase = Phase.FILES

    def differs(self, state: State | None) -> list[str]:
        """Missing, not a link, or pointing elsewhere."""
        assert state is not None
        if state["type"] == "absent":
            return ["missing"]
        if state["type"] != "symlink":
            return [f"is a {state['type']}"]
        target = self.wanted["target"]
        return [] if state["target"] == target else [f"-> {state['target']} instead of {target}"]

    def apply(self, state: State | None) -> None:
        """Make a new link beside it and rename."""
        write_symlink(self.path, self.wanted["target"])
