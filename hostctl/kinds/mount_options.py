"""What may not be done in a file system that is mounted: run programs, open devices, change users."""

from __future__ import annotations

from pathlib import Path

from hostctl.kinds.base import Kind, Phase, State
from hostctl.run import run

MOUNTS = Path("/proc/self/mountinfo")


class MountOptions(Kind):
    """The mount at ``path`` has each of ``options``; a path that is no mount of its own is left alone.

    Only the mount's own flags are touched, never what the file system was made with. It lasts until the next boot,
    when a unit of the same document does it again.
    """

    name = "mount_options"
    phase = Phase.SERVICES

    def observe(self) -> State | None:
        """The mount's options, None if there is none."""
        return {"options": _options(self.key)}

    def differs(self, state: State | None) -> list[str]:
        """The options that are not there."""
        assert state is not None
        if state["options"] is None:
            return []
        missing = [option for option in self.wanted["options"] if option not in state["options"]]
        return [f"without {', '.join(missing)}"] if missing else []

    def apply(self, state: State | None) -> None:
        """Mount it again with them; what uses it is not disturbed."""
        assert state is not None
        self._remount(sorted({*state["options"], *self.wanted["options"]}))

    def restore(self, state: State) -> None:
        """With the options of before."""
        if state["options"] is not None and _options(self.key) is not None:
            self._remount(state["options"])

    def _remount(self, options: list[str]) -> None:
        # what is not named here would be the opposite afterwards
        opposite = [no[2:] for no in self.wanted["options"] if no not in options]
        run(["mount", "--options", ",".join(["remount", "bind", *options, *opposite]), self.key])


def _options(path: str) -> list[str] | None:
    """The flags of the topmost mount at ``path`` (proc(5), mountinfo: the sixth field)."""
    found = None
    for line in MOUNTS.read_text().splitlines():
        fields = line.split(" ")
        if fields[4] == path:
            found = fields[5].split(",")
    return found
