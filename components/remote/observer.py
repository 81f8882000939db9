"""Looking at the hosts before anything is planned, and telling in a preview what will change on them."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pulumi

from components.naming import HOSTCTL
from components.remote.observation import Drift, HostObservation, document_digest, parse
from components.remote.program import program_archive, program_version
from components.remote.session import Answer, Question, Sessions, Unreachable
from components.remote.wording import announcement

OBSERVE_LIMIT = 20.0
"""Seconds that a host may take to look at itself."""

FORECAST_LIMIT = 60.0

# The program travels along and is run from memory: a host without it, or with another version, is asked like any
# other, and nothing is left on it.
_CARRIED = """
import os, sys
archive = os.memfd_create("hostctl")
size = int(sys.stdin.buffer.readline())
with open(archive, "wb", closefd=False) as file:
    file.write(sys.stdin.buffer.read(size))
sys.path.insert(0, f"/proc/self/fd/{archive}")
from hostctl.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A unit that the program wants on a host: its resource, and the document that it would send."""

    host: str
    unit: str
    resource: pulumi.Resource
    document: pulumi.Output[str]


class Observer:
    """What is on the hosts now. ``observations``: of those that answered. ``unreachable``: why the others did not."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._expected: list[Expected] = []
        self._deletes_data: dict[str, bool] = {}
        self.observations: dict[str, HostObservation] = {}
        self.unreachable: dict[str, str] = {}
        self._look()

    def _look(self) -> None:
        version = program_version()
        quick = Question(command=f"sudo -n {HOSTCTL} observe {version}", limit=OBSERVE_LIMIT)
        answers = self._sessions.ask({host: quick for host in self._sessions.hosts})
        others: dict[str, Question] = {}
        for host, answer in answers.items():
            if isinstance(answer, Unreachable):
                self.unreachable[host] = answer.reason
            elif found := parse(host, answer.out, installed=True):
                self.observations[host] = found
            else:
                others[host] = _carried("observe")
        for host, answer in self._sessions.ask(others).items():
            if isinstance(answer, Unreachable):
                self.unreachable[host] = answer.reason
            elif found := parse(host, answer.out, installed=False):
                self.observations[host] = found
            else:
                self.unreachable[host] = _why_not(answer)

    def watch(self, host: str) -> Watch:
        """The part of it that concerns one host."""
        return Watch(observer=self, host=host)

    def expect(self, expected: Expected, *, delete_data: bool) -> None:
        """A unit was registered. ``delete_data``: whether removing units from its host removes data too."""
        self._expected.append(expected)
        self._deletes_data[expected.host] = delete_data

    def end(self, *, announce: bool, report: str | None) -> None:
        """Everything is registered: tell what will change (in a preview), write the report, close the connections."""
        if report:
            self._report(Path(report))
        if announce:
            # an output is what Pulumi waits for before the program may end
            pulumi.Output.from_input(cast("Any", self._announce()))
        else:
            self._sessions.close()

    def _report(self, file: Path) -> None:
        """Write what was found, for ``make drift``: differences by host and unit, and why a host could not be asked."""
        hosts: dict[str, Any] = {
            host: {"units": {u: list(seen.differences) for u, seen in found.units.items()}}
            for host, found in self.observations.items()
        }
        hosts |= {host: {"unreachable": reason} for host, reason in self.unreachable.items()}
        missing = [e for e in self._expected if e.host in self.observations]
        for expected in missing:
            drift = self.observations[expected.host].drift(expected.unit)
            if drift:
                hosts[expected.host]["units"][expected.unit] = list(drift.differences)
        file.write_text(json.dumps(hosts, indent=1), encoding="utf-8")

    def _leaving(self) -> dict[str, list[str]]:
        """For each host its units that nobody wants any more, as documents for a forecast."""
        found = {}
        for host, delete_data in self._deletes_data.items():
            wanted = {expected.unit for expected in self._expected if expected.host == host}
            gone = sorted(self.observations[host].units.keys() - wanted) if host in self.observations else []
            found[host] = [
                json.dumps({"unit": unit, "removed": True, "delete_data": delete_data}) for unit in gone
            ]
        return {host: documents for host, documents in found.items() if documents}

    async def _announce(self) -> bool:
        """Ask each host what its changed units would do there, and show it at their resources."""
        asked: dict[str, dict[str, tuple[Expected, str]]] = {}
        leaving = self._leaving()
        for expected in self._expected:
            seen = self.observations.get(expected.host)
            # before a password is made nobody knows the text
            if seen is None or not await expected.document.is_known():
                continue
            document = await expected.document.future()
            assert document is not None
            if seen.drift(expected.unit) or seen.applied(expected.unit) != document_digest(document):
                asked.setdefault(expected.host, {})[expected.unit] = (expected, document)
        questions = {
            host: self._forecast(
                host, [*(document for _, document in asked.get(host, {}).values()), *leaving.get(host, ())]
            )
            for host in (*asked, *(host for host in leaving if host not in asked))
        }
        answers = await asyncio.to_thread(self._sessions.ask, questions)
        for host, answer in answers.items():
            forecasts = _forecasts(answer)
            for unit in forecasts.keys() - asked.get(host, {}).keys():
                for refused in forecasts[unit]["refused"]:
                    pulumi.log.warn(f"on {host}, the removal of {unit} will be refused: {refused}")
            for unit, (expected, _) in asked.get(host, {}).items():
                if unit in forecasts:
                    seen = self.observations[host]
                    text = announcement(host, seen.drift(unit), forecasts[unit])
                    # applied by a version that did not remember the text, or by this one with another text
                    if text or seen.applied(unit):
                        pulumi.log.info(text or f"on {host}, nothing changes", resource=expected.resource)
        self._sessions.close()
        return True

    def _forecast(self, host: str, documents: list[str]) -> Question:
        text = f"[{','.join(documents)}]".encode()
        if self.observations[host].installed:
            return Question(command=f"sudo -n {HOSTCTL} forecast", stdin=text, limit=FORECAST_LIMIT)
        return _carried("forecast", text)


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What was observed on one host, for the units that are registered on it."""

    observer: Observer
    host: str

    def drift(self, unit: str) -> Drift | None:
        """How the unit differs from what was applied; None as well where the host could not be asked."""
        seen = self.observer.observations.get(self.host)
        return seen.drift(unit) if seen else None

    def program_drift(self) -> Drift | None:
        """Whether ``hostctl`` must be brought to the host again."""
        seen = self.observer.observations.get(self.host)
        return seen.program_drift() if seen else None

    def expect(
        self, unit: str, resource: pulumi.Resource, document: pulumi.Output[str], *, delete_data: bool
    ) -> None:
        """The unit was registered with this document."""
        expected = Expected(host=self.host, unit=unit, resource=resource, document=document)
        self.observer.expect(expected, delete_data=delete_data)


def _carried(verb: str, stdin: bytes = b"") -> Question:
    archive = program_archive()
    run = f"/usr/bin/python3 -I -c {shlex.quote(_CARRIED)} {verb}"
    command = f'if [ "$(id -u)" = 0 ]; then exec {run}; else exec sudo -n {run}; fi'
    return Question(command=command, stdin=b"%d\n%b%b" % (len(archive), archive, stdin), limit=FORECAST_LIMIT)


def _why_not(answer: Answer) -> str:
    words = answer.err.strip().splitlines()
    return f"it could not look at itself as {answer.user}: {words[-1][:200] if words else 'no answer'}"


def _forecasts(answer: Answer | Unreachable) -> Mapping[str, Any]:
    if isinstance(answer, Answer) and answer.status == 0:
        found: dict[str, Any] = json.loads(answer.out)
        return found
    why = answer.reason if isinstance(answer, Unreachable) else _why_not(answer)
    pulumi.log.warn(f"what will change can't be shown line by line: {why}")
    return {}
