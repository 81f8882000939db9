"""Whether names lead here, before an ACME server is asked to look: each wrong question counts against its limits."""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Callable, Iterable

from certctl import dns
from certctl.config import Config
from certctl.errors import Failure
from certctl.tools import run

PAUSE = 2.0
"""Seconds between two questions."""

Resolve = Callable[[str], list[str]]


def own_addresses() -> set[str]:
    """The host's addresses that are not only for itself or its link."""
    done = run("ip", "-json", "address", "show", "scope", "global", check=False)
    try:
        links = json.loads(done.stdout)
    except ValueError:
        return set()
    return {entry["local"] for link in links for entry in link.get("addr_info", ()) if "local" in entry}


def wait(config: Config, domains: Iterable[str], end: float, resolve: Resolve | None = None) -> None:
    """Return when all domains lead here; each is asked once at least. ``end``: on the monotonic clock.

    Raises :class:`Failure` that says what was answered instead.
    """
    if config.challenge != "http-01" or not config.dns_timeout:
        return
    asked = dns.resolvers(config.resolvers)
    ask = resolve or (lambda domain: dns.addresses(domain, asked))
    allowed = {*config.addresses, *own_addresses()} if config.addresses else set()
    waiting = list(domains)
    while True:
        wrong = {domain: words for domain in waiting if (words := _wrong(domain, ask, allowed))}
        if not wrong:
            return
        if time.monotonic() + PAUSE > end:
            raise Failure(
                "; ".join(wrong.values()),
                "correct the record where the domain's DNS is kept; then dhanman-certificates renew, or wait for"
                " the timer",
            )
        waiting = list(wrong)
        time.sleep(PAUSE)


def _wrong(domain: str, ask: Resolve, allowed: set[str]) -> str:
    try:
        found = ask(domain)
    except dns.NoAnswer as reason:
        return f"DNS can't be asked for {domain} ({reason})"
    if not found:
        return f"DNS knows no address of {domain}"
    strange = [address for address in found if allowed and not _is_one_of(address, allowed)]
    if not strange:
        return ""
    here = ", ".join(sorted(allowed))
    return f"DNS answers {', '.join(strange)} for {domain}, and this host is {here}"


def _is_one_of(address: str, allowed: set[str]) -> bool:
    # one address has many spellings in IPv6
    return ipaddress.ip_address(address) in {ipaddress.ip_address(word) for word in allowed}
