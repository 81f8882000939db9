"""What a zone at one's own server is to have of ours, as the component and the programs have it in common. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from components.dns.plan import Record, comment


@dataclass(frozen=True, kw_only=True)
class WantedRecord:
    """``name``: in full, without a dot at its end. ``rdata``: as in a master file. ``starts``: see :class:`Record`."""

    name: str
    type: str
    rdata: str
    ttl: int
    starts: str = ""


@dataclass(frozen=True, kw_only=True)
class WantedZone:
    """The records of one environment and how its primary server is told of them.

    ``server``: address or name. ``key_name``, ``algorithm``, ``secret``: what updates are signed with. ``adopt``: take
    over what is there already.
    """

    server: str
    port: int
    zone: str
    environment: str
    key_name: str
    algorithm: str
    secret: str
    adopt: bool
    records: tuple[WantedRecord, ...]

    @property
    def marker(self) -> str:
        """The name whose TXT records say which others are ours."""
        return f"_dhanman-{self.environment}.{self.zone}"

    @property
    def owner(self) -> str:
        """The first of those TXT records."""
        return comment(self.environment)

    def text(self) -> str:
        """As it travels on standard input."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def parse(cls, text: str) -> WantedZone:
        """What :meth:`text` made."""
        raw: dict[str, Any] = json.loads(text)
        return cls(**raw | {"records": tuple(WantedRecord(**record) for record in raw["records"])})


def wanted_records(records: Iterable[Record]) -> tuple[WantedRecord, ...]:
    """The same records, without what only providers know."""
    return tuple(
        WantedRecord(name=one.name, type=one.type, rdata=one.rdata, ttl=one.ttl, starts=one.starts)
        for one in records
    )
