"""A regular file: content, mode, owner."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from hostctl.debian import is_older
from hostctl.errors import HostError
from hostctl.kinds.base import Phase, State
from hostctl.kinds.paths import PathKind, attribute_differences, write_file


class File(PathKind):
    """The file has exactly the wanted content; with ``merge_json``, merged over another JSON file."""

    name = "file"
    phase = Phase.FILES

    def differs(self, state: State | None) -> list[str]:
        """Content by digest, never by value."""
        assert state is not None
        if state["type"] == "absent":
            return ["missing"]
        if state["type"] != "file":
            return [f"is a {state['type']}"]
        changed = [] if state["sha256"] == self._digest() else ["content"]
        return changed + attribute_differences(state, self.wanted)

    def _digest(self) -> str:
        if "content" not in self.wanted:
            return str(self.wanted["sha256"])
        return hashlib.sha256(self._content()).hexdigest()

    def _content(self) -> bytes:
        text: str = self.wanted["content"]
        older = self.wanted.get("older")
        if older and is_older(older["package"], older["below"]):
            text = older["content"]
        base = self.wanted.get("merge_json")
        return (merged_json(Path(base), text) if base else text).encode()

    @property
    def is_secret(self) -> bool:
        """Whether its content is never shown."""
        return bool(self.wanted.get("secret"))

    def texts(self, state: State | None) -> tuple[str, str] | None:
        """What is in it and what is to be; bytes that are no text are replaced."""
        if self.is_secret:
            return None
        now = base64.b64decode((state or {}).get("content", ""))
        return now.decode(errors="replace"), self._content().decode()

    def apply(self, state: State | None) -> None:
        """Write it beside its place and rename."""
        attributes = {k: self.wanted[k] for k in ("mode", "owner", "group")}
        write_file(self.path, self._content(), **attributes)

    def record(self) -> dict[str, Any]:
        """With the digest in place of the content."""
        return super().record() | {"sha256": self._digest()}


def merged_json(base: Path, over: str) -> str:
    """The JSON file ``base`` (missing: an empty object) with the objects of ``over`` laid over its own."""
    return json.dumps(merge(_read_json(base), json.loads(over)), indent=2) + "\n"


def _read_json(path: Path) -> dict[str, Any]:
    try:
        # utf-8-sig: .NET tools write these files with a byte order mark
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise HostError(f"{path}: not JSON: {error}", hint="correct the file in the artifact") from None
    if not isinstance(value, dict):
        raise HostError(f"{path}: not a JSON object", hint="correct the file in the artifact")
    return value


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``over`` laid over ``base``: objects are merged, everything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged
