"""Reading what ``pulumi preview --json`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.resource import Resource


def resources(preview: Mapping[str, Any]) -> Iterator[Resource]:
    """Every resource that will be there afterwards. ``preview``: the whole document.

    Raises ValueError if it is none, so that a run that failed does not pass as one without resources.
    """
    steps = preview.get("steps")
    if not isinstance(steps, list) or not steps:
        raise ValueError("no steps in it: did the preview fail?")
    for step in steps:
        state = step.get("newState")
        if state:
            inputs = state.get("inputs") or {}
            yield Resource(urn=state["urn"], inputs=inputs, protect=bool(state.get("protect")))
