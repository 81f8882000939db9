"""A directory: mode and owner; what is in it belongs to others unless it is ``recursive``."""

from __future__ import annotations

import os

from hostctl.kinds.base import Phase, State
from hostctl.kinds.paths import PathKind, attribute_differences, ids, make_parents, remove_tree
from hostctl.report import progress


class Directory(PathKind):
    """The directory is there with mode and owner."""

    name = "directory"
    phase = Phase.FILES

    @property
    def data(self) -> bool:
        """Whether the wanted directory holds data."""
        return bool(self.wanted.get("data"))

    def differs(self, state: State | None) -> list[str]:
        """Missing, of another type, or with other attributes."""
        assert state is not None
        if state["type"] == "absent":
            return ["missing"]
        if state["type"] != "directory":
            return [f"is a {state['type']}"]
        return attribute_differences(state, self.wanted)

    def apply(self, state: State | None) -> None:
        """Make it, or correct its attributes."""
        make_parents(self.path)
        if self.path.is_symlink() or self.path.is_file():
            self.path.unlink()
        self.path.mkdir(exist_ok=True, mode=0o700)
        os.chown(self.path, *ids(self.wanted["owner"], self.wanted["group"]))
        self.path.chmod(int(self.wanted["mode"], 8))

    def restore(self, state: State) -> None:
        """Remove it if it was not there; what others put into it stays unless it is recursive."""
        if state["type"] == "absent" and self.wanted.get("recursive"):
            remove_tree(self.path)
        super().restore(state)
        if state["type"] == "absent" and self.path.is_dir():
            progress(f"  {self.path} is not empty and stays")
