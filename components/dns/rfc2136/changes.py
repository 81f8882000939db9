"""What has to change at a server for a zone to have our records: from what it has and what is ours there. Pure.

Ours is what a *marker* says, TXT records in the zone that are written in the same update as what they tell of. So
ownership outlives a lost state and a lost answer, and nothing but the server has to be asked. The unit of ownership is
a *slot*: all records of one name and type, or those TXT records at a name that start alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
from dns.rdtypes.ANY.TXT import TXT

from components.dns.rfc2136.spec import WantedRecord, WantedZone

Slot = tuple[str, str, str]
Key = tuple[str, str]
"""A name and a type."""
_OWNS = "owns "
_BESIDE = ("A", "AAAA", "CAA", "MX", "SRV", "TXT")
"""What is looked for where an alias is to be; that there is nothing else is a prerequisite of the update."""


@dataclass(frozen=True)
class Set:
    """The records of one name and type."""

    ttl: int
    records: frozenset[dns.rdata.Rdata]

    def rdataset(self, kind: str) -> dns.rdataset.Rdataset:
        """The same for a message."""
        found = dns.rdataset.Rdataset(dns.rdataclass.IN, dns.rdatatype.from_text(kind))
        for record in sorted(self.records):
            found.add(record, ttl=self.ttl)
        return found


Live = Mapping[Key, Set]
"""What the server has at the names that matter."""


@dataclass
class Work:
    """``refused``: what keeps the update from being made. ``told``: each change in words. ``before``: what the server
    must still have, None for nothing, and ``after``: what it then gets, None for nothing, by name and type.
    ``unused``: names that must have nothing at all.
    """

    refused: list[str] = field(default_factory=list)
    unused: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)
    before: dict[Key, Set | None] = field(default_factory=dict)
    after: dict[Key, Set | None] = field(default_factory=dict)


def rdata(kind: str, text: str) -> dns.rdata.Rdata:
    """One record's content."""
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), text)


def owned(wanted: WantedZone, live: Live) -> list[Slot]:
    """The slots that the marker names."""
    found = live.get((wanted.marker, "TXT"))
    slots = []
    for text in sorted(_text(record) for record in found.records) if found else ():
        if text.startswith(_OWNS):
            name, kind, *starts = text.removeprefix(_OWNS).split(" ", 2)
            slots.append((name, kind, starts[0] if starts else ""))
    return slots


def keys(wanted: WantedZone, ours: Iterable[Slot]) -> set[Key]:
    """What has to be known of the server: every slot, and whether a CNAME is in its place."""
    found = {(name, kind) for name, kind, _ in (*ours, *_slots(wanted))}
    beside = {(name, other) for name, kind in found if kind == "CNAME" for other in _BESIDE}
    return found | beside | {(name, "CNAME") for name, _ in found} | {(wanted.marker, "TXT")}


def _slots(wanted: WantedZone) -> dict[Slot, list[WantedRecord]]:
    slots: dict[Slot, list[WantedRecord]] = defaultdict(list)
    for record in wanted.records:
        slots[(record.name, record.type, record.starts)].append(record)
    return slots


def work(wanted: WantedZone, live: Live) -> Work:
    """The changes from ``live`` to what is wanted, or why they are refused."""
    done = Work()
    ours = owned(wanted, live)
    slots = _slots(wanted)
    for slot in [*slots, *(slot for slot in ours if slot not in slots)]:
        leaving = [one for one in ours if one not in slots]
        if slot not in ours and (refused := _in_the_way(wanted, slot, live, leaving)):
            done.refused += refused
        else:
            _change(done, slot, slots.get(slot, []), live)
    _mark(done, wanted, slots, live)
    return done


def _in_the_way(wanted: WantedZone, slot: Slot, live: Live, leaving: list[Slot]) -> list[str]:
    name, kind, starts = slot
    where = f"at {wanted.server} already and was not made by this stack"
    for other in ("CNAME",) if kind != "CNAME" else _BESIDE:
        found = live.get((name, other))
        if other != kind and found and (name, other, "") not in leaving:
            text = f"{name} {other} {_joined(found.records)} is {where}"
            return [f"{text}; it can't be beside {kind}: delete it there"]
    mine = _mine(live.get((name, kind)), starts)
    if not mine or wanted.adopt:
        return []
    step = "set dns.adopt to true to take over all that is in the way, or delete it there"
    return [f"{name} {kind} {_joined(mine)} is {where}; {step}"]


def _change(done: Work, slot: Slot, records: list[WantedRecord], live: Live) -> None:
    name, kind, starts = slot
    key = (name, kind)
    # an earlier slot of the same name and type may have changed it
    now = done.after[key] if key in done.after else live.get(key)
    mine = _mine(now, starts)
    others = (now.records if now else frozenset()) - mine
    wanted = frozenset(rdata(kind, record.rdata) for record in records)
    # all records of a set have one TTL (RFC 2181, section 5.2): beside those of others it is theirs
    ttl = now.ttl if now and others else records[0].ttl if records else 0
    if mine == wanted and (not wanted or (now and now.ttl == ttl)):
        return
    after = others | wanted
    if kind == "CNAME" and not any((name, other) in live for other in (*_BESIDE, "CNAME")):
        # a server ignores an alias beside anything else without a word (RFC 2136, section 3.4.2.2)
        done.unused.add(name)
    done.told.append(_told(name, kind, mine, wanted, now.ttl if now else 0, ttl))
    done.before.setdefault(key, live.get(key))
    done.after[key] = Set(ttl, after) if after else None


def _mark(done: Work, wanted: WantedZone, slots: Iterable[Slot], live: Live) -> None:
    key = (wanted.marker, "TXT")
    lines = sorted(_OWNS + " ".join(part for part in slot if part) for slot in slots)
    now = live.get(key)
    ttl = min((record.ttl for record in wanted.records), default=0)
    after = frozenset(_txt(line) for line in (wanted.owner, *lines)) if lines else frozenset()
    done.before[key] = now
    if (now.records if now else frozenset()) != after:
        done.after[key] = Set(ttl, after) if after else None
        if not done.told:
            done.told.append(f"{wanted.marker}: which records are ours")


def _mine(found: Set | None, starts: str) -> frozenset[dns.rdata.Rdata]:
    if found is None:
        return frozenset()
    if not starts:
        return found.records
    return frozenset(one for one in found.records if _text(one).casefold().startswith(starts.casefold()))


def _text(record: dns.rdata.Rdata) -> str:
    assert isinstance(record, TXT)
    return b"".join(record.strings).decode(errors="replace")


def _txt(text: str) -> dns.rdata.Rdata:
    return TXT(dns.rdataclass.IN, dns.rdatatype.TXT, [text.encode()])


def _joined(records: Iterable[dns.rdata.Rdata]) -> str:
    return ", ".join(record.to_text() for record in sorted(records)) or "nothing"


def _told(
    name: str,
    kind: str,
    mine: frozenset[dns.rdata.Rdata],
    wanted: frozenset[dns.rdata.Rdata],
    was: int,
    ttl: int,
) -> str:
    if mine == wanted:
        return f"{name} {kind}: TTL {was} -> {ttl}"
    return f"{name} {kind}: {_joined(mine)} -> {_joined(wanted)}"
