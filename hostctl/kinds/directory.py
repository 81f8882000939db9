"""A directory: mode and owner; what is in it belongs to others unless it is ``recursive`` or ``exclusive``."""

from __future__ import annotations

import os

from hostctl.debian import installed_by_us
from hostctl.kinds.base import Phase, State
from hostctl.kinds.paths import PathKind, attribute_differences, ids, make_parents, remove_tree
from hostctl.ownership import owned, put_back, set_aside
from hostctl.report import progress


class Directory(PathKind):
    """The directory is there with mode and owner; an exclusive one holds nothing but what units put there."""

    name = "directory"
    phase = Phase.FILES

    @property
    def data(self) -> bool:
        """Whether the wanted directory holds data."""
        return bool(self.wanted.get("data"))

    def observe(self) -> State | None:
        """What is at the path, and the names of what lies in it and is nobody's."""
        state = super().observe()
        if state and state["type"] == "directory" and self.wanted.get("exclusive"):
            return state | {"extra": self._extra()}
        return state

    def _extra(self) -> list[str]:
        names = [entry.name for entry in self.path.iterdir()]
        ours = owned() if names else set()
        # a temporary file of another unit that is being written is no stranger
        strangers = [n for n in names if not n.endswith(".dhanman-new") and str(self.path / n) not in ours]
        return sorted(n for n in strangers if not any(p.startswith(f"{self.path / n}/") for p in ours))

    def differs(self, state: State | None) -> list[str]:
        """Missing, of another type, with other attributes, or with strangers in it."""
        assert state is not None
        if state["type"] == "absent":
            return ["missing"]
        if state["type"] != "directory":
            return [f"is a {state['type']}"]
        extra = [f"{name} does not belong there" for name in state.get("extra", ())]
        return attribute_differences(state, self.wanted) + extra

    def apply(self, state: State | None) -> None:
        """Make it, correct its attributes, set strangers aside."""
        make_parents(self.path)
        if self.path.is_symlink() or self.path.is_file():
            self.path.unlink()
        self.path.mkdir(exist_ok=True, mode=0o700)
        os.chown(self.path, *ids(self.wanted["owner"], self.wanted["group"]))
        self.path.chmod(int(self.wanted["mode"], 8))
        for name in (state or {}).get("extra", ()):
            set_aside(self.path / name)

    def foreign(self, state: State) -> bool:
        """What lies in it was put there by somebody, unless we installed the package whose folder it is."""
        if state.get("extra"):
            return not installed_by_us(self.wanted.get("of_package"))
        return super().foreign(state)

    def restore(self, state: State) -> None:
        """Remove it if it was not there; what others put into it stays unless it is recursive."""
        if state["type"] == "absent" and self.wanted.get("recursive"):
            remove_tree(self.path)
        super().restore(state)
        for name in state.get("extra", ()):
            put_back(self.path / name)
        if state["type"] == "absent" and self.path.is_dir():
            progress(f"  {self.path} is not empty and stays")
