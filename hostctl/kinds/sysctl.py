"""The running value of a kernel parameter."""

from __future__ import annotations

import os
from pathlib import Path

from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State


class Sysctl(Kind):
    """``/proc/sys`` shows the wanted value.

    With ``optional``: as far as this kernel has it and lets it be set. A kernel without a feature has no parameter of
    it, and in a container those that all containers share can be read alone; then nothing differs and nothing is done.
    """

    name = "sysctl"
    phase = Phase.SERVICES

    @property
    def _path(self) -> Path:
        return Path("/proc/sys") / str(self.wanted["name"]).replace(".", "/")

    def observe(self) -> State | None:
        """The value with single blanks between its numbers."""
        try:
            return {"value": " ".join(self._path.read_text().split())} | self._reach()
        except OSError:
            return {"value": None} | self._reach()

    def _reach(self) -> State:
        # asked of what is mounted there: root may write in any other file
        return {"settable": os.access(self._path, os.W_OK)} if self.wanted.get("optional") else {}

    def differs(self, state: State | None) -> list[str]:
        """The value that is there instead."""
        assert state is not None
        if not state.get("settable", True):
            return []
        wanted = " ".join(str(self.wanted["value"]).split())
        return [] if state["value"] == wanted else [f"{state['value']} -> {wanted}"]

    def apply(self, state: State | None) -> None:
        """Write it."""
        self._write(str(self.wanted["value"]))

    def restore(self, state: State) -> None:
        """Write the former value."""
        if state["value"] is not None and state.get("settable", True):
            self._write(state["value"])

    def _write(self, value: str) -> None:
        try:
            self._path.write_text(value)
        except OSError as error:
            raise HostError(
                f"sysctl {self.wanted['name']}: {error.strerror}",
                hint="this kernel does not take it: remove it from the host's settings",
            ) from None
