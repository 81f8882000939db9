"""The gateway's rate limit, by vegeta: who keeps to it notices nothing, who does not is refused and harms nobody.

Source: https://github.com/tsenart/vegeta
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.verdict import Verdict
from bench.load import Request, Target, load, percentile
from components.settings.edge import RateLimit

SECONDS = 10
TIMES = 10
"""How many times the rate a flood is."""

NEIGHBOUR = 40
"""Requests per second of somebody else who asks the same service: below the limit."""

SLACK = 0.050
"""Seconds that the neighbour's p99 may rise by. Flood, both clients, NGINX and service share two cores here, so that
a request waits for a time slice or two which the flood's refusals take. If the flood reached the service, the neighbour
would wait behind hundreds of requests."""

_REFUSED = 429


@dataclass(frozen=True, kw_only=True)
class Measured:
    """``calm``: at the allowed rate. ``flood``: at ten times the rate. ``before``, ``meanwhile``: the neighbour."""

    calm: Sequence[Request]
    flood: Sequence[Request]
    before: Sequence[Request]
    meanwhile: Sequence[Request]


def verdict(service: str, limit: RateLimit, found: Measured) -> Verdict:
    """Raises ``ValueError`` where the load generator could not make a flood of it."""
    passed = [one for one in found.flood if not one.failed]
    refused = [one for one in found.flood if one.status == _REFUSED]
    span = _span(found.flood)
    if len(found.flood) < limit.per_second * SECONDS * TIMES / 2:
        raise ValueError(f"{len(found.flood)} requests are no flood: this machine sends no more")
    # one more: the bucket's first drop and the last one may fall on both ends
    most = int(limit.per_second * span) + limit.burst + 1
    before, meanwhile = (
        percentile([one.seconds for one in requests], 0.99) for requests in (found.before, found.meanwhile)
    )
    bad = sum(one.failed for one in found.calm)
    hurt = sum(one.failed for one in (*found.before, *found.meanwhile))
    short = [
        *([f"{bad} of {len(found.calm)} requests at the allowed rate failed"] if bad else []),
        *([] if refused else ["nothing of the flood was refused"]),
        *([f"{len(passed)} of the flood passed, {most} may"] if len(passed) > most else []),
        *_strange(found.flood),
        *([f"{hurt} requests of the neighbour failed"] if hurt else []),
    ]
    if meanwhile > before + SLACK:
        short.append(f"the neighbour's p99 rose by more than {SLACK * 1000:.0f} ms")
    return Verdict(
        auditor="vegeta",
        subject=f"rate limit of {service}",
        aim=f"{limit.per_second}/s pass; of {TIMES} times that {most} at most; p99 + {SLACK * 1000:.0f} ms at most",
        found=(
            f"{len(found.calm) - bad} of {len(found.calm)}; {len(passed)} of {len(found.flood)},"
            f" {len(refused)} times 429; p99 {before * 1000:.0f} ms, then {meanwhile * 1000:.0f} ms"
        ),
        passed=not short,
        remarks=short,
    )


def _span(requests: Sequence[Request]) -> float:
    if not requests:
        return 0.0
    return max(one.sent + one.seconds for one in requests) - min(one.sent for one in requests)


def _strange(flood: Sequence[Request]) -> list[str]:
    """What of a flood was neither answered nor refused as it should be."""
    others = [one for one in flood if one.failed and one.status != _REFUSED]
    silent = [one for one in flood if one.status == _REFUSED and not one.retry_after]
    return [
        *(
            [f"{len(others)} of the flood got something else: {others[0].status} {others[0].error}"]
            if others
            else []
        ),
        *([f"{len(silent)} refusals do not say when to come again"] if silent else []),
    ]


def audit(
    vegeta: Path, address: str, other: str, url: str, service: str, limit: RateLimit, ca: str
) -> Verdict:
    """Ask a service of a host at ``address``. ``other``: a second address of it, where this machine comes from another
    one: the neighbour. ``url``: the service's, without a path. ``ca``: the authority that is trusted, in PEM.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        trusted = folder / "ca.crt"
        trusted.write_text(ca)
        ours = Target(url=f"{url}/echo", address=address, certificate=trusted)
        theirs = Target(url=f"{url}/echo", address=other, certificate=trusted)
        with load(vegeta, ours, folder / "calm", rate=limit.per_second) as calm:
            time.sleep(SECONDS)
        with load(vegeta, theirs, folder / "before", rate=NEIGHBOUR) as before:
            time.sleep(SECONDS)
        with (
            load(vegeta, theirs, folder / "meanwhile", rate=NEIGHBOUR) as meanwhile,
            load(vegeta, ours, folder / "flood", rate=limit.per_second * TIMES) as flood,
        ):
            time.sleep(SECONDS)
    return verdict(service, limit, Measured(calm=calm, flood=flood, before=before, meanwhile=meanwhile))
