"""Putting back what a transaction changed."""

from __future__ import annotations

from typing import Any

from hostctl import actions
from hostctl.errors import plain
from hostctl.kinds import recall
from hostctl.store import Store


def undo(unit: str, store: Store, entries: list[dict[str, Any]]) -> list[str]:
    """Restore the entries of a journal, newest first, run their actions, close the journal."""
    failed = [entry for entry in reversed(entries) if _restore(entry)]
    problems = []
    for action in actions.ordered({a for entry in entries for a in entry["notify"]}):
        try:
            actions.perform(action)
        except Exception as error:  # the others must run
            problems.append(f"{action}: {plain(error).what}")
    # a server that did not answer may do so again with its former files
    problems = [words for entry in failed if (words := _restore(entry))] + problems
    if not problems:
        store.close_journal(unit)
    return problems


def _restore(entry: dict[str, Any]) -> str:
    """Bring one entry of a journal back; why not, in words, or nothing."""
    try:
        thing = recall(entry)
        if thing.rolls_back:
            thing.restore(entry["state"])
    except Exception as error:  # one that can't be put back must not keep the others
        return f"{entry['id']}: {plain(error).what}"
    return ""
