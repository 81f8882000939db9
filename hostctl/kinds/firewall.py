"""The loaded nftables table, compared with what its file means."""

from __future__ import annotations

from pathlib import Path

from hostctl.kinds.base import Kind, Phase, State
from hostctl.run import run


class Firewall(Kind):
    """Table ``inet {table}`` in the kernel is what the file defines."""

    name = "firewall"
    phase = Phase.SERVICES

    @property
    def key(self) -> str:
        """The table's name."""
        return str(self.wanted["table"])

    def _list(self, *prefix: str) -> str | None:
        done = run([*prefix, "nft", "--stateless", "list", "table", "inet", self.key], check=False)
        return done.stdout if done.returncode == 0 else None

    def observe(self) -> State | None:
        """The table as nft lists it."""
        return {"loaded": self._list()}

    def differs(self, state: State | None) -> list[str]:
        """Not loaded, or other rules than the file's."""
        assert state is not None
        if state["loaded"] is None:
            return ["not loaded"]
        return [] if state["loaded"] == self._meaning() else ["rules were changed"]

    def _meaning(self) -> str | None:
        # nft alone knows how it lists a rule: the file is loaded in a network namespace of its own and listed there
        if not Path(self.wanted["path"]).is_file():
            return None
        script = 'nft --file "$1" && nft --stateless list table inet "$2"'
        done = run(["unshare", "--net", "sh", "-c", script, "sh", self.wanted["path"], self.key], check=False)
        return done.stdout if done.returncode == 0 else None

    def texts(self, state: State | None) -> tuple[str, str] | None:
        """The rules as nft lists them, and as it would list those of the file that is there."""
        loaded, meant = (state or {}).get("loaded"), self._meaning()
        return (loaded, meant) if loaded and meant else None

    def apply(self, state: State | None) -> None:
        """Load the file; nft does it as one transaction."""
        run(["nft", "--file", self.wanted["path"]])

    def restore(self, state: State) -> None:
        """Load the former table, or take ours away."""
        if state["loaded"] is not None:
            run(
                ["nft", "--file", "-"],
                stdin=f"table inet {self.key}\ndelete table inet {self.key}\n{state['loaded']}",
            )
        elif self._list() is not None:
            run(["nft", "delete", "table", "inet", self.key])

    def foreign(self, state: State) -> bool:
        """A table of this name that we did not load."""
        return state["loaded"] is not None
