"""A file or link that must not be there."""

from __future__ import annotations

from hostctl.kinds.base import Phase, State
from hostctl.kinds.paths import PathKind


class Absent(PathKind):
    """Nothing is at the path. What was there is kept in the manifest and comes back on deletion."""

    name = "absent"
    phase = Phase.FILES

    def differs(self, state: State | None) -> list[str]:
        """Something is there."""
        assert state is not None
        return [] if state["type"] == "absent" else ["is there"]

    def apply(self, state: State | None) -> None:
        """Remove it; a directory only when it is empty."""
        if self.path.is_dir() and not self.path.is_symlink():
            self.path.rmdir()
        else:
            self.path.unlink(missing_ok=True)
