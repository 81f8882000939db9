"""System groups and users."""

from __future__ import annotations

import grp
import pwd
from typing import Any

from hostctl.kinds.base import Kind, Phase, State
from hostctl.run import run


class Group(Kind):
    """The group exists."""

    name = "group"
    phase = Phase.ACCOUNTS

    def observe(self) -> State | None:
        """Whether it is there."""
        return {"present": self.wanted["name"] in {g.gr_name for g in grp.getgrall()}}

    def differs(self, state: State | None) -> list[str]:
        """Missing or not."""
        assert state is not None
        return [] if state["present"] else ["missing"]

    def apply(self, state: State | None) -> None:
        """Make it."""
        run(["groupadd", "--system", self.wanted["name"]])

    def restore(self, state: State) -> None:
        """Remove it if it was not there."""
        if not state["present"] and self.observe() == {"present": True}:
            run(["groupdel", self.wanted["name"]])


class User(Kind):
    """The user exists with group, supplementary groups, home and shell."""

    name = "user"
    phase = Phase.ACCOUNTS

    def observe(self) -> State | None:
        """The account's fields."""
        name = self.wanted["name"]
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            return {"present": False}
        return {
            "present": True,
            "group": grp.getgrgid(entry.pw_gid).gr_name,
            "groups": sorted(g.gr_name for g in grp.getgrall() if name in g.gr_mem),
            "home": entry.pw_dir,
            "shell": entry.pw_shell,
        }

    def _fields(self) -> dict[str, Any]:
        fields = {k: self.wanted[k] for k in ("group", "home", "shell")}
        return fields | {"groups": sorted(self.wanted["groups"])}

    def differs(self, state: State | None) -> list[str]:
        """Missing, or which fields are other."""
        assert state is not None
        if not state["present"]:
            return ["missing"]
        return [f"{k} {state[k]} -> {v}" for k, v in self._fields().items() if state[k] != v]

    def apply(self, state: State | None) -> None:
        """Make it without a password, or correct its fields."""
        assert state is not None
        if state["present"]:
            self._modify(self._fields())
            return
        fields = self._fields()
        system = ["--system"] if self.wanted["system"] else ["--create-home"]
        run(
            ["useradd", *system, "--gid", fields["group"], "--groups", ",".join(fields["groups"]),
             "--home-dir", fields["home"], "--shell", fields["shell"], self.wanted["name"]],
        )  # fmt: skip

    def _modify(self, fields: dict[str, Any]) -> None:
        run(
            ["usermod", "--gid", fields["group"], "--groups", ",".join(fields["groups"]),
             "--home", fields["home"], "--shell", fields["shell"], self.wanted["name"]],
        )  # fmt: skip

    def restore(self, state: State) -> None:
        """Remove it if it was not there (its home stays), else bring its fields back."""
        now = self.observe() or {}
        if state["present"]:
            if now != state:
                self._modify(state)
        elif now.get("present"):
            run(["userdel", self.wanted["name"]])

    def foreign(self, state: State) -> bool:
        """An account of this name that we did not make."""
        return bool(state["present"])
