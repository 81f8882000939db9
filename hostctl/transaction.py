"""Applying a unit as one transaction: observe, refuse, stage, validate, swap, act, wait, remember; or undo it all."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

from hostctl import FORMAT, actions, arming, checks, gate, ownership, staging
from hostctl.errors import Conflict, HostError, StillNeeded, plain
from hostctl.interruption import uninterrupted
from hostctl.kinds import Kind, Phase, State, build, recall
from hostctl.report import hide, progress
from hostctl.store import Store
from hostctl.systemd import asked_at_once
from hostctl.undo import undo


class Transaction:
    """One application of one unit.

    The journal is written before each step, so that a run that is broken off leaves enough to go on from: the next
    run keeps the states of before as the point to return to, and repeats the actions that may not have run.
    ``drifted``: whether it runs because a difference was observed, which may be gone by now.
    """

    def __init__(self, document: dict[str, Any], store: Store, *, drifted: bool = False) -> None:
        if document.get("format") != FORMAT:
            raise HostError(
                f"this host's program understands form {FORMAT} of a unit, not {document.get('format')}",
                hint="run pulumi up: it brings the matching program first",
            )
        self.document = document
        self.unit: str = document["unit"]
        self.store = store
        hide([str(v) for v in document["redact"]])
        # an action that nobody knows must not be noticed after the files were swapped
        actions.ordered({a for t in document["things"] for a in t.get("notify", ())})
        self.things = sorted((build(t) for t in document["things"]), key=lambda thing: thing.phase)
        ownership.claim(thing.id for thing in self.things)
        ownership.claim(f"path:{path}" for thing in self.things for path in thing.paths)
        self.manifest = store.manifest(self.unit)
        self.origins: dict[str, State] = {
            t["id"]: t["origin"] for t in (self.manifest or {"things": []})["things"]
        }
        journal = store.journal(self.unit)
        self.entries: list[dict[str, Any]] = journal["entries"] if journal else []
        self.pending: set[str] = {a for e in self.entries for a in e["notify"]}
        kept = store.kept_origins()
        self.origins = {t.id: kept[t.id] for t in self.things if kept.get(t.id)} | self.origins
        # an interrupted run has seen the host before it changed anything
        self.origins = (journal or {"origins": {}})["origins"] | self.origins
        self.changed: list[str] = []
        self._drifted = drifted

    @property
    def digest(self) -> str:
        """Of the document, as whoever sent it can calculate it too."""
        text = json.dumps(self.document, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def run(self) -> str:
        """Apply the unit; the result in one line."""
        start = time.monotonic()
        try:
            with asked_at_once(unit for thing in self.things for unit in thing.units):
                first = {thing.id: thing.observe() for thing in self.things}
            stale = self.stale()
            differs = any([thing.differs(first[thing.id]) for thing in self.things])
            if differs or stale or self.pending:
                self._refuse_conflicts(first)
                gate.refuse(gate.dangers(self, first), gate.on_host())
        except HostError as error:
            error.hint += f"\n{self._untouched()}"
            raise
        if not (differs or stale or self.pending):
            with uninterrupted():
                self._remember(first)
                self.store.close_journal(self.unit)
            return f"{self.unit}: unchanged"
        try:
            self._note_origins(first)
            if self.document["arm"]:
                arming.arm(self.unit, int(self.document["arm"]))
            done = self._steps(first, stale)
            with uninterrupted():
                self._remember(first)
                if self.document["arm"]:
                    armed = (self.store.manifest(self.unit) or {}) | {"status": "armed"}
                    self.store.write_manifest(self.unit, armed)
                else:
                    self.store.close_journal(self.unit)
            for thing in self.things:
                thing.finish()
        except BaseException as error:
            failure = plain(error)
            with uninterrupted():
                left = self.undo()
                if self.document["arm"]:
                    arming.disarm(self.unit)
            raise HostError(
                failure.what, details=failure.details, hint=f"{failure.hint}\nnow: {self._outcome(left)}"
            ) from error
        parts = [f"{len(self.changed)} changed", *done]
        return f"{self.unit}: {', '.join(parts)} ({time.monotonic() - start:.1f} s)"

    def _steps(self, first: dict[str, State | None], stale: list[Kind]) -> list[str]:
        for phase in (Phase.REPOSITORIES, Phase.PACKAGES, Phase.ACCOUNTS, Phase.RELEASES):
            self._apply_phase(phase, first)
        self._validate(stale)
        self._apply_phase(Phase.FILES, first)
        # as in a deletion, packages and accounts go after the actions that still need them
        late = [thing for thing in reversed(stale) if thing.phase <= Phase.ACCOUNTS]
        for thing in (t for t in reversed(stale) if t not in late):
            self._prune(thing)
        done = []
        for action in actions.ordered(self.pending):
            progress(f"  {action}")
            if actions.perform(action):
                done.append(action)
        for phase in (Phase.SERVICES, Phase.DATA):
            self._apply_phase(phase, first)
        for check in self.document["checks"]:
            checks.wait(check, [thing.key for thing in self.things if thing.name == "service"])
        for thing in late:
            self._prune(thing)
        return done

    def _outcome(self, left: list[str]) -> str:
        """How the host is after an undo; what was put back and restarted is waited for, as after a change."""
        if left:
            return f"could not be put back: {'; '.join(left)}"
        for check in (self.manifest or {}).get("checks", ()):
            try:
                checks.wait(check)
            except HostError as error:
                return f"the previous state was put back, but {error.what}"
        return "the previous state was put back"

    def _untouched(self) -> str:
        return "now: what a run that was broken off left" if self.entries else "now: nothing was changed"

    def _note_origins(self, first: dict[str, State | None]) -> None:
        """Write down how the host was before anything is done, so that a run which is broken off loses none of it."""
        for thing in self.things:
            state = first[thing.id]
            if state is not None and not _belongs_to_package(thing):
                self.origins.setdefault(thing.id, state)
        self._write_journal()

    def _write_journal(self) -> None:
        packages = [
            {"id": t.id, "kind": t.name, "record": t.record()}
            for t in self.things
            if t.phase is Phase.PACKAGES
        ]
        journal: dict[str, Any] = {
            "entries": self.entries,
            "manifest": self.manifest,
            "origins": self.origins,
        }
        journal |= {"packages": packages, "armed": bool(self.document["arm"])}
        self.store.write_journal(self.unit, journal)

    def stale(self) -> list[Kind]:
        """What the unit had and no longer wants."""
        wanted = {thing.id for thing in self.things}
        records = (self.manifest or {"things": []})["things"]
        return [recall(r) for r in records if r["id"] not in wanted]

    def conflicts(self, first: dict[str, State | None]) -> list[str]:
        """What is in the way, was not made by this program, and may not be taken over."""
        return [text for thing in self.things for text in self._conflict(thing, first[thing.id])]

    def _refuse_conflicts(self, first: dict[str, State | None]) -> None:
        conflicts = self.conflicts(first)
        if conflicts:
            raise Conflict(
                f"{len(conflicts)} things on the host were not made by this program and differ from what is wanted",
                details="\n".join(f"    {c}" for c in conflicts),
                hint="move them away, or set adopt: true for this host to take them over (a copy is kept)",
            )

    def _conflict(self, thing: Kind, state: State | None) -> list[str]:
        if thing.id in self.origins or state is None:
            return []
        other = self.store.owner_of(thing.id, besides=self.unit)
        if other:
            return [f"{thing.id} belongs to the unit {other}"]
        differences = thing.differs(state)
        if not differences or self.document["adopt"] or not thing.foreign(state):
            return []
        if thing.id in self.store.registry("kept"):
            return []
        return [f"{thing.id} ({', '.join(differences)})"]

    def _apply_phase(self, phase: Phase, first: dict[str, State | None]) -> None:
        for thing in (t for t in self.things if t.phase is phase):
            state = thing.observe()
            differences = thing.differs(state)
            if first[thing.id] is None and state is not None:
                conflicts = self._conflict(thing, state)
                if conflicts:
                    raise Conflict(
                        f"on the host, and not made by this program: {conflicts[0]}",
                        hint="move it away, or set adopt: true for this host to take it over",
                    )
                first[thing.id] = state
            if differences:
                self._change(thing, state, first[thing.id], differences)

    def _change(
        self, thing: Kind, state: State | None, upfront: State | None, differences: list[str]
    ) -> None:
        # what a package has just put there is not how the host was, but it is what its removal leaves behind
        origin = state if _belongs_to_package(thing) else (upfront or state)
        if origin is not None:
            self.origins.setdefault(thing.id, origin)
        self._note(thing, state)
        progress(f"  {thing.id}: {', '.join(differences)}")
        thing.apply(state)
        self.changed.append(thing.id)
        self.pending |= set(thing.calls_for(state))

    def _note(self, thing: Kind, state: State | None) -> None:
        """Write down how to undo a step before taking it."""
        known = any(e["id"] == thing.id for e in self.entries)
        if state is not None and not known:
            entry = {"id": thing.id, "kind": thing.name, "record": thing.record(), "state": state}
            self.entries.append(entry | {"notify": thing.notify})
        self._write_journal()

    def stays(self, thing: Kind) -> bool:
        """Whether what the unit no longer wants stays: data unless it is to go, and what has no state of before."""
        return not self.origins.get(thing.id) or (thing.data and not self.document["delete_data"])

    def _prune(self, thing: Kind) -> None:
        origin = self.origins.get(thing.id)
        if not origin or self.stays(thing):
            progress(f"  {thing.id} is no longer wanted; its data stays")
            self.store.keep(thing.id, origin)
            return
        state = thing.observe()
        if state is not None:
            self._note(thing, state)
        try:
            thing.remove(origin)
        except StillNeeded as reason:
            progress(f"  {reason.what}: it stays")
            self.store.keep(thing.id, origin)
            return
        progress(f"  {thing.id}: removed")
        self.changed.append(thing.id)
        self.pending |= set(thing.notify)

    def _validate(self, stale: list[Kind]) -> None:
        def staged(thing: Kind) -> bool:
            return thing.phase is Phase.FILES and staging.is_staged(thing.key)

        changing = [t for t in self.things if staged(t) and t.differs(t.observe())]
        leaving = [t for t in stale if staged(t) and t.id in self.origins]
        if not self.document["validations"] or not (changing or leaving):
            return

        def put_in_place() -> None:
            for thing in changing:
                thing.apply(thing.observe())
            for thing in reversed(leaving):
                thing.restore(self.origins[thing.id])

        progress(f"  validating: {', '.join(v[0].rsplit('/', 1)[-1] for v in self.document['validations'])}")
        staging.validate(put_in_place, self.document["validations"])

    def undo(self) -> list[str]:
        """Put back what the journal holds, newest first, and repeat its actions. What could not be put back."""
        return undo(self.unit, self.store, self.entries)

    def _remember(self, first: dict[str, State | None]) -> None:
        things = []
        for thing in self.things:
            # a thing that was already as wanted is left as it is when the unit goes
            origin = self.origins.get(thing.id) or first[thing.id] or {}
            self.store.take_back(thing.id)
            entry = {"id": thing.id, "kind": thing.name, "record": thing.record(), "origin": origin}
            things.append(entry | ({"paths": thing.paths} if thing.paths else {}))
        before = self.manifest or {"status": "applied"}
        # the same difference seen twice is two of them: what tells them apart grows with every change and every look
        # at one, also at one that went by itself
        news = self.changed or self._drifted or before["status"] != "applied"
        generation = before.get("generation", 0) + bool(news)
        manifest = {"unit": self.unit, "things": things, "status": "applied"}
        manifest |= {"generation": generation, "document": self.digest, "checks": self.document["checks"]}
        if {k: v for k, v in before.items() if k != "applied_at"} != manifest:
            self.store.write_manifest(self.unit, manifest | {"applied_at": time.time()})


def _belongs_to_package(thing: Kind) -> bool:
    # a folder of data outlives its package, and goes as a whole when data is to go
    return bool(thing.wanted.get("of_package")) and not thing.wanted.get("recursive")
