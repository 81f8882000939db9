"""Debian packages, installed in one go and kept from starting their services before they are configured."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from hostctl.apt import apt_get, read_index, refresh_index
from hostctl.errors import HostError
from hostctl.kernel import has_module
from hostctl.kinds.base import Kind, Phase, State
from hostctl.report import progress
from hostctl.run import run
from hostctl.store import Store

POLICY = Path("/usr/sbin/policy-rc.d")


class Packages(Kind):
    """The packages are installed. What this program installed on the host is in the registry ``packages``."""

    name = "packages"
    phase = Phase.PACKAGES
    rolls_back = False

    def _names(self) -> dict[str, str]:
        """Package names with the wanted version, or an empty one. None where the kernel does without them."""
        module = self.wanted.get("unless_module")
        if module and has_module(module):
            return {}
        return {name: version for name, _, version in (p.partition("=") for p in self.wanted["packages"])}

    def observe(self) -> State | None:
        """The installed versions, and which of them are held back (``apt-mark hold``)."""
        return {"installed": installed(list(self._names())), "held": held(list(self._names()))}

    def differs(self, state: State | None) -> list[str]:
        """Missing packages and other versions than a pinned one."""
        assert state is not None
        versions: dict[str, str] = state["installed"]
        problems = [f"{name} is not installed" for name in self._names() if name not in versions]
        problems += [f"{name} is held back" for name in state.get("held", ())]
        return problems + [
            f"{name} is {versions[name]} instead of {version}"
            for name, version in self._names().items()
            if version and name in versions and versions[name] != version
        ]

    def _missing(self, state: State) -> list[str]:
        there: dict[str, str] = state["installed"]
        return [
            f"{name}={version}" if version else name
            for name, version in self._names().items()
            if there.get(name) is None or (version and there[name] != version)
        ]

    def effects(self, state: State | None) -> list[str]:
        """What apt is asked for."""
        missing = self._missing(state or {"installed": {}})
        return [f"install {' '.join(missing)}"] if missing else []

    def apply(self, state: State | None) -> None:
        """Let go of held packages, and install what is missing with apt, in one call."""
        assert state is not None
        if state.get("held"):
            run(["apt-mark", "unhold", *state["held"]])
        wanted = self._missing(state)
        if not wanted:
            return
        # one installation at a time on the host: apt's own lock does not cover policy-rc.d and the registry
        with Store().lock("packages"), _no_service_starts():
            store = Store()
            # what a run that was broken off installed is ours as well
            before = set(store.registry("packages-before") or installed())
            store.update_registry("packages-before", add=sorted(before))
            progress(f"  installing {' '.join(wanted)}")
            refresh_index()
            _install(wanted)
            store.update_registry("packages", add=sorted(set(installed()) - before))
            store.update_registry("packages-before", remove=sorted(before))

    def restore(self, state: State) -> None:
        """Remove what we installed and nobody else needs any more; configuration and data stay (no purge)."""
        if state.get("held"):
            run(["apt-mark", "hold", *state["held"]], check=False)
        with Store().lock("packages"):
            ours = set(Store().registry("packages"))
            asked = {name for record in self._others() for name in record["packages"]}
            removable = sorted(superfluous(ours, asked))
            if removable:
                progress(f"  removing {len(removable)} packages")
                apt_get("remove", *removable, timeout=600)
            Store().update_registry("packages", remove=sorted(ours - set(installed())))

    def foreign(self, state: State) -> bool:
        """A package belongs to nobody; holding one back was somebody's decision."""
        return bool(state.get("held"))

    def _others(self) -> Iterator[dict[str, list[str]]]:
        store = Store()
        # what a transaction under way wants is in no manifest yet
        wanted = [t for unit in store.interrupted() for t in (store.journal(unit) or {}).get("packages", ())]
        for unit in store.units():
            wanted += store.things(unit)
        for thing in wanted:
            if thing["kind"] == self.name and thing["id"] != self.id:
                names = [p.partition("=")[0] for p in thing["record"]["packages"]]
                yield {"packages": names}


def superfluous(ours: set[str], asked: set[str]) -> set[str]:
    """Of our packages those that neither ``asked`` nor any package of somebody else depends on.

    Not apt's autoremove: that keeps whatever is merely suggested, and everything named postgresql-*.
    """
    listing = run(
        ["dpkg-query", "--show",
         "--showformat=${db:Status-Status}\\t${Package}\\t${Pre-Depends}, ${Depends}\\t${Provides}\\n"],
    ).stdout  # fmt: skip
    rows = [line.split("\t") for line in listing.splitlines() if line.startswith("installed\t")]
    providers: dict[str, set[str]] = {}
    for _, package, _, provides in rows:
        for name in (package, *_names_in(provides)):
            providers.setdefault(name, set()).add(package)
    needs: dict[str, set[str]] = {package: set() for _, package, _, _ in rows}
    for _, package, depends, _ in rows:
        for group in depends.split(","):
            able = {p for name in _names_in(group) for p in providers.get(name, ())}
            # of alternatives the one that was there before us is enough
            needs[package] |= (able - ours) or able
    needed: set[str] = set()
    waiting = [p for p in needs if p not in ours or p in asked]
    while waiting:
        package = waiting.pop()
        if package not in needed:
            needed.add(package)
            waiting.extend(needs[package])
    return (ours & set(needs)) - needed


def _names_in(relation: str) -> list[str]:
    """Package names in a Depends or Provides field, alternatives included."""
    parts = relation.replace("|", ",").split(",")
    return [p.split("(")[0].strip().split(":")[0] for p in parts if p.strip()]


_FORMAT = "${Package} ${Version} ${db:Status-Status} ${db:Status-Want}\\n"
_listing: list[list[str]] | None = None


def _rows(names: list[str] | None) -> list[list[str]]:
    """Package, version, status and selection of these installed packages, or of all."""
    if names == []:
        return []
    if _listing is not None:
        return [row for row in _listing if names is None or row[0] in names]
    text = run(["dpkg-query", "--show", f"--showformat={_FORMAT}", *(names or [])], check=False).stdout
    rows = (line.split(" ") for line in text.splitlines())
    return [row for row in rows if len(row) == 4 and row[2] == "installed"]


@contextlib.contextmanager
def listed_once() -> Iterator[None]:
    """Inside, dpkg is asked once for everything; only for what changes nothing meanwhile."""
    global _listing  # noqa: PLW0603 (one listing for every unit of the host)
    _listing = _rows(None)
    try:
        yield
    finally:
        _listing = None


def installed(names: list[str] | None = None) -> dict[str, str]:
    """Installed packages with their versions: these, or all."""
    return {row[0]: row[1] for row in _rows(names)}


def held(names: list[str]) -> list[str]:
    """Those of the packages that an upgrade leaves out."""
    return sorted(row[0] for row in _rows(names) if row[3] == "hold")


def _install(wanted: list[str]) -> None:
    command = (
        "install", "--no-install-recommends",
        "--option=Dpkg::Options::=--force-confdef", "--option=Dpkg::Options::=--force-confold", *wanted,
    )  # fmt: skip
    try:
        apt_get(*command, timeout=1200)
    except HostError as first:
        if "dpkg was interrupted" in first.details:
            progress("  an earlier installation was interrupted: finishing it first")
            run(["dpkg", "--configure", "--pending", "--force-confdef", "--force-confold"], timeout=600)
        elif any(
            word in first.details for word in ("Unable to locate", "404", "has no installation candidate")
        ):
            read_index()
        else:
            raise
        apt_get(*command, timeout=1200)


@contextlib.contextmanager
def _no_service_starts() -> Iterator[None]:
    """Debian's switch for it: invoke-rc.d asks ``policy-rc.d``, and 101 means "not now" (Debian policy 9.3.3.1)."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\n# made by hostctl for the time of one installation\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)
