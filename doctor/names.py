"""Whether the environment's domains lead to its gateway."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from doctor.findings import Finding, fail, ok, warn

RESOLVE_LIMIT = 6.0
"""Seconds for all names together: the system's resolver asks its second server after five."""

RESERVED = (".test", ".example", ".invalid", ".localhost")
"""Names that no DNS server knows (RFC 6761)."""

Addresses = tuple[str, ...]


class NotResolvedError(Exception):
    """There is no address. ``known``: a DNS server said so; otherwise none could be asked."""

    def __init__(self, *, known: bool) -> None:
        super().__init__()
        self.known = known


Resolver = Callable[[str], Addresses]
"""The addresses of a name. Raises :class:`NotResolvedError`."""


def system_resolver(name: str) -> Addresses:
    """As every program on this machine resolves it."""
    try:
        found = socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NotResolvedError(known=error.errno in (socket.EAI_NONAME, socket.EAI_NODATA)) from None
    return tuple(sorted({str(entry[4][0]) for entry in found}))


def resolve(
    names: Iterable[str], resolver: Resolver = system_resolver, limit: float = RESOLVE_LIMIT
) -> dict[str, Addresses | NotResolvedError]:
    """Every name's addresses, or why it has none. All at once, and no longer than ``limit`` seconds."""
    answers: queue.Queue[tuple[str, Addresses | NotResolvedError]] = queue.Queue()

    def ask(name: str) -> None:
        try:
            answers.put((name, resolver(name)))
        except NotResolvedError as error:
            answers.put((name, error))

    found: dict[str, Addresses | NotResolvedError] = {name: NotResolvedError(known=False) for name in names}
    for name in found:
        # the system's resolver can't be told to stop: a thread that nobody waits for
        threading.Thread(target=ask, args=(name,), daemon=True).start()
    end = time.monotonic() + limit
    for _ in found:
        try:
            name, answer = answers.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        found[name] = answer
    return found


def is_public(name: str) -> bool:
    """Whether DNS is asked for the name at all."""
    return not name.endswith(RESERVED)


def judge_names(
    found: Mapping[str, Addresses | NotResolvedError],
    skipped: Iterable[str],
    *,
    gateway: tuple[str, ...],
    proxied: Collection[str],
    remedy: str,
) -> list[Finding]:
    """A line for each domain.

    ``skipped``: names that no DNS server knows. ``gateway``: the addresses that they must lead to, all of them, except
    for those that are ``proxied`` (then Cloudflare's are in their place). ``remedy``: what puts records right.
    """
    local = list(skipped)
    lines = []
    if local:
        text = f"{len(local)} names that DNS does not know by intention ({local[0]}, ...): not asked"
        lines.append(ok("dns", text))
    for name, answer in found.items():
        subject = f"dns {name}"
        if isinstance(answer, NotResolvedError):
            if answer.known:
                lines.append(fail(subject, "there is no address for it", remedy))
            else:
                text = "no DNS server answered, so it is not known"
                lines.append(warn(subject, text, "this machine's network and /etc/resolv.conf"))
        elif name in proxied:
            lines.append(ok(subject, f"{', '.join(answer)} (proxied)"))
        elif missing := [address for address in gateway if address not in answer]:
            lines.append(
                fail(subject, f"leads to {', '.join(answer)} and not to {', '.join(missing)}", remedy)
            )
        elif others := [address for address in answer if address not in gateway]:
            text = f"leads to {', '.join(gateway)}, and also to {', '.join(others)}: some requests go there"
            lines.append(warn(subject, text, "take the other record away at your DNS provider"))
        else:
            lines.append(ok(subject, ", ".join(gateway)))
    return lines
