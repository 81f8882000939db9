"""The addresses that deployments come from, which fail2ban never bans.

They are learnt from the connections over which transactions come: addresses of CI vary, and no setting knows them.
The list is ``/var/lib/dhanman/deploys-from``, for root alone, with an address and the time of its last day in seconds
since 1970 in each line. fail2ban's ``ignorecommand`` reads it, so its form is plain text.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import shutil
import time

from hostctl.errors import HostError
from hostctl.report import progress
from hostctl.run import run
from hostctl.store import Store, client, write_text

FILE = "deploys-from"
DAYS = 30
"""How long an address is remembered without another transaction from it."""

MOST = 64
"""Addresses that are remembered; those that were not seen for longest go first."""

_DAY = 86400.0
CLIENT = "fail2ban-client"


def known(store: Store) -> dict[str, float]:
    """Each address with the time at which it was noted last."""
    try:
        text = (store.root / FILE).read_text()
    except OSError:
        return {}
    found = re.findall(r"^(\S+) (\d+)$", text, re.MULTILINE)
    return {address: float(seen) for address, seen in found}


def note(store: Store, *, now: float | None = None) -> None:
    """Remember where this transaction comes from; a ban of an address that was not known is lifted.

    Nothing that fails here fails the transaction: a full disk is told by what needs the room.
    """
    address = _address()
    if address is None:
        return
    now = time.time() if now is None else now
    before = known(store).get(address)
    # written once a day at the most: most transactions find nothing to do, and write nothing
    if before is not None and 0 <= now - before < _DAY:
        return
    with contextlib.suppress(HostError, OSError):
        _write(store, address, now)
    if before is None:
        _lift(address)


def _address() -> str | None:
    said = client()
    if said is None:
        return None
    try:
        # a link-local address has the interface's name behind it
        address = ipaddress.ip_address(said.partition("%")[0])
    except ValueError:
        return None
    return None if address.is_loopback else str(address)


def _write(store: Store, address: str, now: float) -> None:
    with store.lock("contacts", wait=10):
        seen = {a: t for a, t in known(store).items() if now - t < DAYS * _DAY} | {address: now}
        newest = sorted(seen.items(), key=lambda entry: entry[1], reverse=True)[:MOST]
        write_text(store.root / FILE, "".join(f"{a} {t:.0f}\n" for a, t in newest))


def _lift(address: str) -> None:
    if shutil.which(CLIENT) is None:
        return
    # it fails where the server does not run, and then there is no ban
    if run([CLIENT, "unban", address], check=False, timeout=10).stdout.strip() == "1":
        progress(f"  fail2ban: the ban of {address} is lifted")
