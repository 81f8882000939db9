"""Records as a zone file to paste (RFC 1035, section 5). Pure."""

from __future__ import annotations

from collections.abc import Iterable

from components.dns.plan import Record, ascii_name


def zone_file(zone: str, records: Iterable[Record], remark: str) -> str:
    """Master-file lines of the records, with ``remark`` as a comment before them.

    Without SOA and NS: the zone has those already, where the lines are pasted. Names are written in full, so that
    it does not matter what is the origin there.
    """
    lines = [f"; {remark}", f"$ORIGIN {ascii_name(zone)}."]
    lines += [f"{record.name}. {record.ttl} IN {record.type} {record.rdata}" for record in records]
    return "\n".join(lines) + "\n"
