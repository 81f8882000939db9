"""What applying units would change: the transaction's own questions, without any of its steps."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from hostctl import actions, gate
from hostctl.errors import HostError
from hostctl.kinds import Kind, State, recall
from hostctl.kinds.file import File
from hostctl.observation import asked_together
from hostctl.postgres_settings import waiting_for_restart
from hostctl.report import WIDTH
from hostctl.store import Record, Store
from hostctl.systemd import properties
from hostctl.transaction import Transaction

LONGEST_DIFF = 40
"""Lines of one file's difference that are shown; people open the file for more."""


def forecast_all(documents: list[Record], store: Store) -> dict[str, Any]:
    """For each unit what would change, what it calls for, and what is in the way.

    A document that says ``removed`` stands for a unit that will be deleted: what of that would be refused.
    """
    transactions = []
    answers: dict[str, Any] = {}
    for document in (document for document in documents if not document.get("removed")):
        try:
            transactions.append(Transaction(document, store))
        except HostError as error:
            answers[str(document.get("unit"))] = {"problem": error.what}
    with asked_together([thing for transaction in transactions for thing in transaction.things]):
        gates = gate.after(transactions)
        answers |= {
            document["unit"]: _deletion(document, store, gates)
            for document in documents
            if document.get("removed")
        }
        return answers | {transaction.unit: _forecast(transaction, gates) for transaction in transactions}


def _forecast(transaction: Transaction, gates: gate.Gates) -> dict[str, Any]:
    try:
        first = {thing.id: thing.observe() for thing in transaction.things}
        stale = transaction.stale()
        changing = [
            (thing, words) for thing in transaction.things if (words := _words(thing, first[thing.id]))
        ]
        acts = changing or stale or transaction.pending
        conflicts = transaction.conflicts(first) if acts else []
        refused = gate.refusals(gate.dangers(transaction, first), gates) if acts else []
    except HostError as error:
        return {"problem": error.what}
    secret = _secrets(transaction)
    calls = set(transaction.pending)
    effects: list[str] = []
    for thing in (thing for thing, words in changing if words != _UNCERTAIN):
        calls |= set(thing.calls_for(first[thing.id]))
        effects += thing.effects(first[thing.id])
    removed = [thing for thing in stale if not transaction.stays(thing)]
    for thing in removed:
        calls |= set(thing.notify)
    done = [words for action in actions.ordered(calls) for words in _consequence(action, changing, first)]
    return {
        "things": [_change(thing, words, first[thing.id], thing.id in secret) for thing, words in changing],
        "removed": [thing.id for thing in removed],
        "kept": [thing.id for thing in stale if thing not in removed],
        "effects": list(dict.fromkeys([*done, *effects])),
        "conflicts": conflicts,
        "refused": refused,
    }


def _deletion(document: Record, store: Store, gates: gate.Gates) -> dict[str, Any]:
    things = [recall(entry) for entry in (store.manifest(document["unit"]) or {"things": []})["things"]]
    endangered = gate.dangers_of_deletion(things, delete_data=document["delete_data"])
    return {"refused": gate.refusals(endangered, gates)}


_UNCERTAIN = ["content, if the new release changes its part of it"]


def _words(thing: Kind, state: State | None) -> list[str]:
    base = thing.wanted.get("merge_json")
    if base and state and state["type"] == "file" and not Path(base).parent.exists():
        # merged with a file of a release that is not on the host yet: nobody can tell before it is there
        return _UNCERTAIN
    return thing.differs(state)


def _change(thing: Kind, words: list[str], state: State | None, secret: bool) -> dict[str, Any]:
    change: dict[str, Any] = {"id": thing.id, "differences": words}
    texts = thing.texts(state) if words not in (["missing"], _UNCERTAIN) else None
    lines = _unified(*texts) if texts and not secret else []
    if lines:
        change |= {"diff": lines[:LONGEST_DIFF], "cut": max(0, len(lines) - LONGEST_DIFF)}
    return change | ({"secret": True} if "content" in words and (secret or texts is None) else {})


def _unified(old: str, new: str) -> list[str]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="")
    # the two lines of its header name files, which the reader knows better
    return [line[:WIDTH] for line in lines][2:]


def _secrets(transaction: Transaction) -> set[str]:
    """Files that were secret when they were applied: what is in them now is still no one's business."""
    known = (transaction.manifest or {"things": []})["things"]
    return {entry["id"] for entry in known if entry["record"].get("secret")}


def _consequence(
    action: str, changing: list[tuple[Kind, list[str]]], first: dict[str, State | None]
) -> list[str]:
    """The action as people read it; none where there is nothing to tell (a unit that is not running)."""
    verb, _, argument = action.partition(" ")
    if verb == "postgres-reload":
        return [f"reload PostgreSQL {argument}", *_restart_needed(argument, action, changing, first)]
    if verb not in ("reload", "restart"):
        return [action]
    state = properties(argument)["ActiveState"]
    if state == "inactive":
        return []
    return [f"restart {argument}" if state == "failed" else action]


def _restart_needed(
    cluster: str, action: str, changing: list[tuple[Kind, list[str]]], first: dict[str, State | None]
) -> list[str]:
    files = [thing for thing, _ in changing if isinstance(thing, File) and action in thing.notify]
    changes = [texts for thing in files if (texts := thing.texts(first[thing.id]))]
    needed = waiting_for_restart(cluster, changes)
    return [f"PostgreSQL restart needed: {', '.join(needed)}"] if needed else []
