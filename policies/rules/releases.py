"""The rule for what is fetched and run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.stack import Breach, Stack

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FINGERPRINT = re.compile(r"[0-9A-F]{40}")


def artifacts_are_pinned(stack: Stack) -> Iterator[Breach]:
    """A release is known by its SHA-256 and comes over https; a package source by the fingerprint of its key."""
    for resource, unit in stack.units:
        for thing in unit.of("release", "deployment", "apt_repository"):
            for wrong in _unpinned(thing):
                do = "set the artifact's sha256 and an https url, or the source's fingerprint"
                yield Breach(resource=resource, wrong=wrong, do=do)


def _unpinned(thing: Mapping[str, Any]) -> Iterator[str]:
    if thing["kind"] == "apt_repository":
        if not _FINGERPRINT.fullmatch(str(thing.get("fingerprint") or "")) and not thing.get("signed_by"):
            yield f"the package source {thing.get('name')} has no fingerprint of its key"
        return
    key, what = (
        ("sha256", thing.get("root")) if thing["kind"] == "release" else ("artifact", thing.get("service"))
    )
    if not _DIGEST.fullmatch(str(thing.get(key) or "")):
        yield f"the release of {what} is not pinned by a SHA-256"
    source = str(thing.get("source") or "")
    if source and not source.startswith(("https://", "/")):
        yield f"the release of {what} does not come over https"
