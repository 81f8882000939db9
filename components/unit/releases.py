"""Things that have to do with releases: an unpacked version, which one serves, and several that change as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from components.unit.things import Thing


@dataclass(frozen=True, kw_only=True)
class Release(Thing):
    """An unpacked, immutable version of an artifact in ``{root}/releases/{version}``, owned by root.

    ``source``: path of the tar.gz on the host (uploaded) or an https URL that the host fetches; ``sha256`` is
    checked before anything is unpacked. A version that is there with another sha256 is an error. ``config_files``:
    names of files at the top of the artifact which the environment provides: the artifact's own ``X`` is kept as
    ``X.artifact`` and ``X`` becomes a link to ``{config_directory}/X``. ``keep``: how many versions stay,
    besides those that ``links`` (paths of links, such as one that NGINX serves) lead to.
    ``group``: may read; others may not unless ``public``.
    ``pool``: a folder in which the files of all versions that stay are reachable whose path below the release
    matches ``pool_pattern`` (a regular expression, in any case of letters; a leading ``/``): those whose name changes
    with their content.
    """

    kind: ClassVar[str] = "release"
    added: ClassVar[frozenset[str]] = frozenset({"program"})
    root: str
    version: str
    source: str
    sha256: str
    group: str = "root"
    public: bool = False
    config_directory: str | None = None
    config_files: tuple[str, ...] = ()
    executable: str | None = None
    keep: int = 3
    links: tuple[str, ...] = ()
    pool: str | None = None
    pool_pattern: str | None = None
    program: str | None = None


@dataclass(frozen=True, kw_only=True)
class Canary:
    """How a new version is tried. ``share``: per cent of the requests (NGINX gives them). ``seconds``: for how long.

    ``log``: NGINX's, by which it is judged. ``least``: requests of it without which its times say nothing. ``errors``:
    by how much its share of failed requests may be larger than that of the old one (0 to 1). ``latency``: how many
    times as long 95 of 100 requests may take.
    """

    share: int
    seconds: float
    log: str
    least: int
    errors: float
    latency: float


@dataclass(frozen=True, kw_only=True)
class Deployment(Thing):
    """Which release of a service serves. Two slots (units ``{service}@blue``, ``@green``) take turns.

    A new release (or other settings, or other options of the process) is started in the idle slot, must answer every
    path of ``health`` (path, seconds) with 200 on its own socket ``/run/{service}-{slot}/http.sock``, and gets all new
    connections by one rename of the link ``current_socket``; then the old slot ends its requests and stops. A release
    that does not get ready never serves. Deleting it stops both slots.

    ``artifact``: sha256 of the release. ``settings``: JSON laid over the artifact's own ``settings_file``, readable by
    ``user`` alone, a copy for each slot below ``config_directory``; never shown. ``unit_digest``: of what else a
    process is started from; another one asks for a new process. ``logs``: whose last lines an error quotes.
    ``deploy_log``: gets a line of JSON for each attempt. ``migration``: seconds that the unit
    ``{service}-migrate@{slot}`` has before the release serves for the first time; None if there is no such unit.
    ``slot_ports``: the port that each slot's process listens on; the slot then gets copies of its own of the units of
    the slot ``wanted``, which keep its socket. None: the process keeps the socket itself.

    ``canary``: a new version first gets a share of the requests. ``release_set``: the set that switches it; this thing
    then only fills the idle slot. ``mark`` (with a set): digest of all that a process is started from.
    """

    kind: ClassVar[str] = "deployment"
    added: ClassVar[frozenset[str]] = frozenset({"slot_ports", "canary", "release_set", "mark"})
    root: str
    service: str
    version: str
    artifact: str
    settings: str
    settings_file: str
    config_directory: str
    user: str
    current_socket: str
    unit_digest: str
    health: tuple[tuple[str, float], ...]
    logs: tuple[str, ...]
    deploy_log: str
    migration: float | None = None
    slot_ports: Mapping[str, int] | None = None
    canary: Canary | None = None
    release_set: str | None = None
    mark: str | None = None


@dataclass(frozen=True, kw_only=True)
class Member:
    """A service of a release set. ``mark``: of its :class:`Deployment`."""

    service: str
    version: str
    mark: str


@dataclass(frozen=True, kw_only=True)
class ReleaseSet(Thing):
    """Services whose releases change together. Each one's own unit has filled its idle slot before.

    All that are to change are started, and when all are ready connections are led to all of them, or to none.
    Deleting it changes nothing: what serves goes on serving.
    """

    kind: ClassVar[str] = "release_set"
    name: str
    members: tuple[Member, ...]
