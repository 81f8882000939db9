"""A unit's forecast as people read it in a preview. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.remote.observation import Drift

LONGEST_LIST = 12
"""Things or differences that are named one by one; of more only the number is told."""


def announcement(host: str, drift: Drift | None, forecast: Mapping[str, Any]) -> str:
    """What was found different on the host, what will change there line by line, and what happens because of it.

    Empty if nothing is changed.
    """
    lines: list[str] = []
    words = {
        f"{thing['id']}: {word}" for thing in forecast.get("things", ()) for word in thing["differences"]
    }
    by_hand = [text for text in drift.differences if text not in words] if drift else []
    if by_hand:
        lines += [f"on {host}, other than what was applied:", *_list(by_hand)]
    if problem := forecast.get("problem"):
        return "\n".join([*lines, f"on {host}, this will fail: {problem}"])
    new = [t["id"] for t in forecast["things"] if t["differences"] == ["missing"]]
    changed = [t for t in forecast["things"] if t["differences"] != ["missing"]]
    if new:
        lines += [f"on {host}, will be made:", *_list(new)]
    if changed:
        back = drift is not None and not by_hand
        found = "other than what was applied, will be put back" if back else "will be changed"
        lines.append(f"on {host}, {found}:")
        for thing in changed:
            lines += _change(host, thing)
    if forecast["removed"]:
        lines += [f"on {host}, will be removed:", *_list(forecast["removed"])]
    if forecast["kept"]:
        lines += [f"on {host}, no longer wanted; their data stays:", *_list(forecast["kept"])]
    if forecast["effects"]:
        lines += ["and then:", *(f"  {effect}" for effect in forecast["effects"])]
    if forecast["conflicts"]:
        lines += [
            f"on {host}, in the way, and not made by this program (see adopt):",
            *_list(forecast["conflicts"]),
        ]
    if refused := forecast.get("refused"):
        lines += [f"on {host}, will be refused (see docs/operations.md, The gate):", *_list(refused)]
    return "\n".join(lines)


def _list(items: Sequence[str]) -> list[str]:
    shown = [f"  {item}" for item in items[:LONGEST_LIST]]
    more = len(items) - LONGEST_LIST
    return shown + ([f"  ... and {more} more"] if more > 0 else [])


def _change(host: str, thing: Mapping[str, Any]) -> list[str]:
    lines = [f"  {thing['id']}: {', '.join(thing['differences'])}"]
    if thing.get("secret"):
        return [*lines, "    (the content is secret and not shown)"]
    if "diff" not in thing:
        return lines
    path = thing["id"].partition(":")[2]
    lines += [f"    --- {host}:{path}", f"    +++ {path} as wanted"]
    lines += [f"    {line}" for line in thing["diff"]]
    return lines + ([f"    ... and {thing['cut']} more lines"] if thing["cut"] else [])
