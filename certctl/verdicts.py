"""How each certificate is, held against what is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from certctl import x509
from certctl.config import Config
from certctl.errors import Failure
from certctl.shelf import Shelf

ACME, EXISTING, PLACEHOLDER = "acme", "existing", "placeholder"
"""Where a version may come from."""


class Verdict(StrEnum):
    """``GOOD`` and ``DUE`` are served rightly; all others want a new certificate now."""

    GOOD = "good"
    DUE = "due for renewal"
    MISSING = "missing"
    PLACEHOLDER = "a placeholder is served"
    NAMES = "for other names"
    DIRECTORY = "from another ACME server"
    KEY = "with another type of key"
    EXPIRED = "expired"
    BROKEN = "certificate and key do not fit"


RIGHT = (Verdict.GOOD, Verdict.DUE)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """``found``: the certificate that is served, as far as there is one."""

    verdict: Verdict
    found: x509.Certificate | None = None


def judge(config: Config, name: str, now: float) -> Judged:
    """How the certificate ``name`` is."""
    shelf = Shelf(config.root)
    folder, origin = shelf.served(name), shelf.origin(name)
    if folder is None:
        return Judged(verdict=Verdict.MISSING)
    try:
        found = x509.read(folder / "fullchain.pem")
    except Failure:
        return Judged(verdict=Verdict.BROKEN)
    return Judged(verdict=_verdict(config, name, found, origin, now), found=found)


def _verdict(
    config: Config, name: str, found: x509.Certificate, origin: dict[str, str], now: float
) -> Verdict:
    if not x509.fits(found, Shelf(config.root).live(name) / "privkey.pem"):
        return Verdict.BROKEN
    if origin.get("from") == PLACEHOLDER:
        return Verdict.PLACEHOLDER
    if found.domains != frozenset(config.certificates[name]):
        return Verdict.NAMES
    if found.ends <= now:
        return Verdict.EXPIRED
    # one that somebody else had asked for is as good as ours, until it is due
    if origin.get("from") != EXISTING:
        if origin.get("directory") != config.directory:
            return Verdict.DIRECTORY
        if origin.get("key_type") != config.key_type:
            return Verdict.KEY
    return Verdict.DUE if now >= config.renewal(found.begins, found.ends) else Verdict.GOOD


def judge_all(config: Config, now: float) -> dict[str, Judged]:
    """How all of them are, by name."""
    return {name: judge(config, name, now) for name in config.certificates}
