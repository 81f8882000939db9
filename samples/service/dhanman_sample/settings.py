"""Settings as ASP.NET Core reads them: a flat map with case-insensitive keys, later sources win."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .errors import StartError

_TRUE = "true"
_FALSE = "false"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings by their full key, sections joined by a colon (``RabbitMq:Host``)."""

    values: Mapping[str, str] = field(repr=False)

    def text(self, key: str, default: str = "") -> str:
        """Return the value of ``key``, or ``default`` where no source has it."""
        return self.values.get(key.casefold(), default)

    def flag(self, key: str) -> bool:
        """Return a true/false setting; absent means false."""
        value = self.text(key, _FALSE).casefold()
        if value not in (_TRUE, _FALSE):
            raise StartError(f"{key}: must be true or false")
        return value == _TRUE

    def seconds(self, key: str, default: float = 0) -> float:
        """Return a duration in seconds, zero or more."""
        try:
            value = float(self.text(key, str(default)))
        except ValueError:
            value = -1
        if not 0 <= value < float("inf"):
            raise StartError(f"{key}: must be a number of seconds, 0 or more")
        return value


def load(folder: Path, environment: str, variables: Mapping[str, str]) -> Settings:
    """Merge appsettings.json, appsettings.{environment}.json and environment variables, in that order.

    Both files lie in ``folder`` (the working directory of the service) and may be absent. A variable
    ``Sample__FailReady`` sets ``Sample:FailReady``. Raises StartError naming the file that is no JSON object.
    """
    values: dict[str, str] = {}
    for name in ("appsettings.json", f"appsettings.{environment}.json"):
        values.update(_flatten("", _read(folder / name)))
    for name, value in variables.items():
        values[name.replace("__", ":").casefold()] = value
    return Settings(values=values)


def _read(path: Path) -> dict[str, object]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StartError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise StartError(f"{path}: is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise StartError(f"{path}:{error.lineno}: is not JSON: {error.msg}") from None
    if not isinstance(document, dict):
        raise StartError(f"{path}: must hold a JSON object")
    return document


def _flatten(key: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _flatten(f"{key}:{name}" if key else str(name), member)
    elif isinstance(value, list):
        # An array merges by index there, so a shorter later array keeps the tail of the earlier one.
        for index, member in enumerate(value):
            yield from _flatten(f"{key}:{index}", member)
    elif isinstance(value, bool):
        yield key.casefold(), _TRUE if value else _FALSE
    else:
        yield key.casefold(), "" if value is None else str(value)
