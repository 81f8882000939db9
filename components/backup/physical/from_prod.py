"""What a host needs to copy another environment's data, masked. Pure.

Source: pgBackRest's configuration reference (https://pgbackrest.org/configuration.html).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from components.backup.physical.bucket import Bucket
from components.templates import Templates
from components.unit import File

_TEMPLATES = Templates(__file__)
_TEMPLATE = "etc/pgbackrest/dhanman-source.conf"


@dataclass(frozen=True, kw_only=True)
class Mask:
    """What a column of the copy holds: a ``masker`` of ``backupctl/masking.py``, and its ``value`` if it takes one.

    ``optional``: the column may be missing.
    """

    schema: str
    table: str
    column: str
    masker: str
    value: str = ""
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Copied:
    """A database of this environment, what it is called in the ``original`` one, and what is masked in it."""

    own: str
    original: str
    masks: tuple[Mask, ...]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Another environment's backups, which are only read; passphrase and key are given to the plan beside this."""

    environment: str
    bucket: Bucket
    databases: tuple[Copied, ...]

    @property
    def configuration(self) -> str:
        """pgBackRest's file for them."""
        return f"/etc/pgbackrest/dhanman-from-{self.environment}.conf"

    def file(self, passphrase: str, key: str, *, data: str, processes: int) -> File:
        """That file; ``postgres`` alone can read it. ``data``: where nothing of it is ever restored to unasked."""
        content = _TEMPLATES.render(
            _TEMPLATE,
            stanza=self.environment,
            bucket=self.bucket,
            passphrase=passphrase,
            key=key,
            data=data,
            processes=processes,
        )
        return File(
            path=self.configuration,
            content=content,
            mode="0400",
            secret=True,
            owner="postgres",
            group="postgres",
        )

    def described(self) -> Mapping[str, Any]:
        """What ``backupctl`` reads of it; no secret."""
        return {
            "environment": self.environment,
            "configuration": self.configuration,
            "place": self.bucket.place,
            "databases": {
                copied.own: {"name": copied.original, "masks": [asdict(mask) for mask in copied.masks]}
                for copied in self.databases
            },
        }
