"""A stand-in for the host's own tools: what each answers, and every call."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

from hostctl.errors import HostError
from hostctl.run import shown


@dataclass
class _Answer:
    command: str
    done: subprocess.CompletedProcess[str]
    effect: Callable[[], object]
    once: bool


@dataclass
class Tools:
    """Takes the place of ``hostctl.run.run``. A command that nobody taught it succeeds and says nothing."""

    calls: list[str] = field(default_factory=list)
    stdin: list[str] = field(default_factory=list)
    _answers: list[_Answer] = field(default_factory=list)

    def answer(
        self,
        command: str,
        out: str = "",
        *,
        err: str = "",
        status: int = 0,
        effect: Callable[[], object] = lambda: None,
        once: bool = False,
    ) -> None:
        """What commands that begin like this say; of several answers the newest counts, ``once`` for one call."""
        done = subprocess.CompletedProcess[str](command.split(), status, out, err)
        self._answers.insert(0, _Answer(command, done, effect, once))

    def asked(self, command: str) -> list[str]:
        """The calls that began like this."""
        return [call for call in self.calls if call.startswith(command)]

    def run(
        self, argv: list[str], *, stdin: str = "", timeout: float = 300, check: bool = True, hint: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """As ``hostctl.run.run``."""
        call = " ".join(argv)
        self.calls.append(call)
        self.stdin.append(stdin)
        found = next((a for a in self._answers if call.startswith(a.command)), None)
        if found is None:
            return subprocess.CompletedProcess(argv, 0, "", "")
        if found.once:
            self._answers.remove(found)
        found.effect()
        if check and found.done.returncode != 0:
            raise HostError(
                f"{shown(argv)}: exit status {found.done.returncode}", details=found.done.stderr, hint=hint
            )
        return found.done
