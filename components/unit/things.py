"""The things that a host unit can want, one frozen dataclass for each kind that ``hostctl`` knows.

``notify`` names the actions to run, once and in a fixed order, if the thing changed. The verbs are those of
``hostctl/actions.py``::

    daemon-reload                   systemctl daemon-reload
    tmpfiles /etc/tmpfiles.d/x.conf systemd-tmpfiles --create on that file
    sysctl /etc/sysctl.d/x.conf     sysctl --load on that file
    reload nginx.service            reload the unit if it runs (a stopped one is started by its Service)
    restart NAME.service            restart the unit if it runs
    postgres-reload 18/main         reload the cluster; restart it only if a changed setting needs that
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One wanted thing of a unit. ``kind`` names the module in ``hostctl/kinds`` that makes it true.

    ``added``: fields that came later than the thing. One that is not used is left out, so that hosts which have the
    thing without it see no change.
    """

    kind: ClassVar[str]
    added: ClassVar[frozenset[str]] = frozenset()
    notify: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The thing as ``hostctl`` reads it: its fields, what they hold as objects, and its kind."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        used = {
            name: _plain(v) for name, v in values.items() if name not in self.added or v not in (None, ())
        }
        return {"kind": self.kind} | used


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


@dataclass(frozen=True, kw_only=True)
class OlderPackage:
    """Another content for a :class:`File` on hosts whose ``package`` is older than the version ``below``."""

    package: str
    below: str
    content: str


@dataclass(frozen=True, kw_only=True)
class File(Thing):
    """A regular file with exactly this content. Deleting it brings back what was at ``path`` before.

    ``merge_json``: path of a JSON file on the host over which ``content`` (JSON as well) is merged, deep, when the
    file is staged; a missing one counts as ``{}``. ``of_package``: the package whose installation makes this file;
    where we installed that package, its own version is ours to replace. ``secret``: the content is never shown.
    ``older``: the content where a package is older than this one was written for.
    """

    kind: ClassVar[str] = "file"
    path: str
    content: str
    mode: str = "0644"
    owner: str = "root"
    group: str = "root"
    secret: bool = False
    merge_json: str | None = None
    of_package: str | None = None
    older: OlderPackage | None = None


@dataclass(frozen=True, kw_only=True)
class Directory(Thing):
    """A directory with mode and owner; its content belongs to others.

    Deleting it removes it when it is empty, or with everything in it when ``recursive``; one marked ``data`` is
    kept, and its path named, unless data deletion was asked for. ``exclusive``: what lies in it and no unit put
    there is set aside (``/var/lib/dhanman/set-aside``). ``of_package``: as for :class:`File`.
    """

    kind: ClassVar[str] = "directory"
    path: str
    mode: str = "0755"
    owner: str = "root"
    group: str = "root"
    recursive: bool = False
    data: bool = False
    exclusive: bool = False
    of_package: str | None = None


@dataclass(frozen=True, kw_only=True)
class Symlink(Thing):
    """A symbolic link at ``path`` to ``target``, replaced atomically by rename."""

    kind: ClassVar[str] = "symlink"
    path: str
    target: str
    of_package: str | None = None


@dataclass(frozen=True, kw_only=True)
class Absent(Thing):
    """A file or link that must not be there (a package's default site). Deleting this brings it back."""

    kind: ClassVar[str] = "absent"
    path: str
    of_package: str | None = None


@dataclass(frozen=True, kw_only=True)
class PathPresent(Thing):
    """A file that somebody else makes and that must be there (a certificate of the existing server).

    Nothing is made or removed; a missing path fails the unit before anything changes, with ``hint`` as next step.
    """

    kind: ClassVar[str] = "path_present"
    path: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class HostFacts(Thing):
    """What plans were sized for: memory in bytes and cores. A smaller host fails the unit before anything changes."""

    kind: ClassVar[str] = "host_facts"
    name: str = "size"
    memory: int
    cores: int


@dataclass(frozen=True, kw_only=True)
class AptRepository(Thing):
    """An apt source in deb822 form with its signing key. Placed before packages; deleting it removes both files.

    ``key``: ASCII-armoured OpenPGP key, or None for a distribution's own keyring named by ``signed_by``.
    ``fingerprint``: the 40 hex digits that the key must have. ``suite`` may hold ``{codename}``, the host's own.
    ``unless_available``: a package; where the host's sources have it, the repository is not added. ``key_package``:
    the package that brings the file ``signed_by``.
    """

    kind: ClassVar[str] = "apt_repository"
    name: str
    uri: str
    suite: str
    components: tuple[str, ...] = ("main",)
    key: str | None = None
    fingerprint: str | None = None
    signed_by: str | None = None
    unless_available: str | None = None
    key_package: str | None = None


@dataclass(frozen=True, kw_only=True)
class Packages(Thing):
    """Debian packages that must be installed; ``name=version`` pins one.

    Their services are kept from starting until the unit's own :class:`Service` things start them with the wanted
    configuration. Deleting it removes what we installed and nobody else needs, and never purges.
    ``unless_module``: a kernel module; where the host's kernel has it, the packages are not needed.
    """

    kind: ClassVar[str] = "packages"
    added: ClassVar[frozenset[str]] = frozenset({"unless_module"})
    name: str
    packages: tuple[str, ...]
    unless_module: str | None = None


@dataclass(frozen=True, kw_only=True)
class Group(Thing):
    """A system group."""

    kind: ClassVar[str] = "group"
    name: str


@dataclass(frozen=True, kw_only=True)
class User(Thing):
    """A user account without a password; ``groups`` are supplementary ones. Deleting it keeps the home directory."""

    kind: ClassVar[str] = "user"
    name: str
    group: str
    groups: tuple[str, ...] = ()
    home: str = "/nonexistent"
    shell: str = "/usr/sbin/nologin"
    system: bool = True


@dataclass(frozen=True, kw_only=True)
class Sysctl(Thing):
    """The running value of a kernel parameter. A :class:`File` in ``/etc/sysctl.d`` keeps it over a reboot.

    ``optional``: where the kernel has no such parameter, or a container may not set it, it is left alone.
    """

    kind: ClassVar[str] = "sysctl"
    name: str
    value: str
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class MountOptions(Thing):
    """Options that the mount at ``path`` has, such as ``noexec``, if something is mounted there.

    A :class:`File` with a unit that mounts it again keeps them over a reboot. Deleting it brings the options of before
    back. Source: mount(8), "Filesystem-independent mount options".
    """

    kind: ClassVar[str] = "mount_options"
    path: str
    options: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Service(Thing):
    """The state of a systemd unit of any type (``x.service``, ``x.timer``, ``x.socket``), after all actions.

    ``enabled`` None leaves the enablement alone (static units). ``running`` None leaves the activity alone.
    ``log``: file whose last lines an error quotes beside the journal's.
    """

    kind: ClassVar[str] = "service"
    unit: str
    enabled: bool | None = True
    running: bool | None = True
    log: str | None = None


@dataclass(frozen=True, kw_only=True)
class Firewall(Thing):
    """The loaded nftables table ``inet {table}``, as the file at ``path`` (a :class:`File` of the unit) defines it."""

    kind: ClassVar[str] = "firewall"
    table: str
    path: str


@dataclass(frozen=True, kw_only=True)
class PostgresCluster(Thing):
    """A cluster of Debian's postgresql-common, such as ``18/main``, with data checksums if this program makes it.

    Data: deleting it keeps it unless data deletion was asked for; then data and configuration go. ``required`` False:
    it may be there or not, and is not made.
    """

    kind: ClassVar[str] = "postgres_cluster"
    version: int
    cluster: str = "main"
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class PostgresVersion(Thing):
    """The databases of the cluster ``name`` are in PostgreSQL ``version``, or there are none yet. Nothing is made.

    Where another version has them the unit is refused before anything changes: a new cluster would be empty.
    """

    kind: ClassVar[str] = "postgres_version"
    version: int
    name: str = "main"


@dataclass(frozen=True, kw_only=True)
class PostgresRole(Thing):
    """A PostgreSQL role. ``password`` (SCRAM-SHA-256) is wanted for a login role; ``member_of`` is also the role that
    its sessions act as (``ALTER ROLE ... SET role``), so that what they create belongs to it. ``login`` None leaves
    login and password as they are: for a role whose turn is over, until it is retired.
    """

    kind: ClassVar[str] = "postgres_role"
    name: str
    login: bool | None = False
    password: str | None = None
    member_of: str | None = None
    port: int = 5432


@dataclass(frozen=True, kw_only=True)
class PostgresRetiredRole(Thing):
    """A role that can't log in, has no password and no session; it is never brought back.

    ``password``: its last one, with which a login is tried and must be refused.
    """

    kind: ClassVar[str] = "postgres_retired_role"
    name: str
    password: str
    port: int = 5432


@dataclass(frozen=True, kw_only=True)
class PostgresDatabase(Thing):
    """A database in UTF8 with its owner; only owner and members may connect. Data: kept on delete."""

    kind: ClassVar[str] = "postgres_database"
    name: str
    owner: str
    port: int = 5432


@dataclass(frozen=True, kw_only=True)
class PostgresSettings(Thing):
    """Values that the running server must report (``SHOW``), such as ``data_checksums = on``; reads only.

    A difference fails the unit with the names; it is how a tuning that did not reach the server is noticed.
    """

    kind: ClassVar[str] = "postgres_settings"
    name: str
    settings: dict[str, str]
    port: int = 5432


@dataclass(frozen=True, kw_only=True)
class PgbackrestStanza(Thing):
    """A stanza of pgBackRest for the running cluster, as ``/etc/pgbackrest/pgbackrest.conf`` describes it.

    ``repositories``: where its backups are, in the order of their numbers, in words that change with the place.
    ``first_backup``: the systemd unit that is started once it is made. Deleting it leaves every backup.
    """

    kind: ClassVar[str] = "pgbackrest_stanza"
    name: str
    repositories: tuple[str, ...]
    first_backup: str
    port: int = 5432


@dataclass(frozen=True, kw_only=True)
class RabbitmqUser:
    """A RabbitMQ user inside :class:`RabbitmqDefinitions`, with full permissions on the vhost alone."""

    name: str
    password: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RabbitmqDefinitions(Thing):
    """A vhost with its users and permissions, and users that must not exist (``guest``).

    The vhost is data: it and its users are kept on delete. ``outgoing_users``: users that are left as they are until
    they are retired. ``port``: where the users' logins are tried after a change; None: they are not.
    """

    kind: ClassVar[str] = "rabbitmq_definitions"
    added: ClassVar[frozenset[str]] = frozenset({"outgoing_users", "port"})
    vhost: str
    users: tuple[RabbitmqUser, ...] = ()
    absent_users: tuple[str, ...] = ("guest",)
    vhost_limits: dict[str, int] = field(default_factory=dict)
    outgoing_users: tuple[str, ...] = ()
    port: int | None = None


@dataclass(frozen=True, kw_only=True)
class RabbitmqQueues(Thing):
    """What the queues of a vhost are like, as far as those who declare them do not say.

    ``queue_type``: of new queues; existing ones keep theirs. ``delivery_limit``: times that a quorum queue delivers a
    message before it counts as poison; then it goes to the exchange and queue ``dead_letters``, which nothing else
    uses, and is not lost. All of it is data: kept on delete.
    """

    kind: ClassVar[str] = "rabbitmq_queues"
    vhost: str
    queue_type: str
    delivery_limit: int
    dead_letters: str


@dataclass(frozen=True, kw_only=True)
class RabbitmqRetiredUser(Thing):
    """A RabbitMQ user that is gone, with its permissions and connections; it is never brought back.

    ``password``: its last one, with which a login to ``vhost`` on ``port`` is tried and must be refused.
    """

    kind: ClassVar[str] = "rabbitmq_retired_user"
    name: str
    password: str
    vhost: str
    port: int


@dataclass(frozen=True, kw_only=True)
class LocalCertificate(Thing):
    """A certificate from a CA that is made on the host (for local and test environments).

    Writes ``{directory}/{domain}/fullchain.pem`` and ``privkey.pem`` (root only) and, once per host, the CA in
    ``{directory}/ca.crt``, ``ca.key``. Renewed when the names change or fewer than ``renew_days`` are left.
    """

    kind: ClassVar[str] = "local_certificate"
    directory: str
    domain: str
    days: int = 365
    renew_days: int = 30
