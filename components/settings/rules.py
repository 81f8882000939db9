"""What must hold between values; each rule yields the problems that it finds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network

from components.settings.buckets import B2Bucket, FolderBucket
from components.settings.certificate_rules import CERTIFICATE_RULES
from components.settings.dns_rules import DNS_RULES
from components.settings.finding import Finding, Rule
from components.settings.model import StackFile, postgres_sizing, rabbitmq_memory
from components.settings.object_rules import OBJECT_RULES
from components.settings.pools import INSTANCES, needed_connections
from components.settings.problems import Path
from components.settings.values import CLOUDFLARE
from components.settings.wireguard_rules import WIREGUARD_RULES

GIB = 1024**3
STACKS = ("prod", "qa", "local")

RESERVED_PORTS = {
    4369: "RabbitMQ's port mapper",
    15692: "RabbitMQ's metrics",
    25672: "RabbitMQ's node port",
}


def environment_is_the_stack(stack: str, file: StackFile) -> Iterator[Finding]:
    """The three stacks hold the environment of their name."""
    if stack in STACKS and file.environment != stack:
        yield Finding(("environment",), f"{file.environment} can't be the environment of stack {stack}")


def ports_are_free(_stack: str, file: StackFile) -> Iterator[Finding]:
    """No port is used twice."""
    seen: dict[int, Path] = {}
    wanted: list[tuple[Path, int]] = [
        (("postgres", "port"), file.postgres.port),
        (("rabbitmq", "port"), file.rabbitmq.port),
        (("rabbitmq", "managementPort"), file.rabbitmq.management_port),
        *([(("objectStorage", "port"), file.object_storage.port)] if file.object_storage else []),
        *((("hosts", name, "port"), host.port) for name, host in file.hosts.items()),
        *((("services", name, "port"), service.port) for name, service in file.services.items()),
        *(
            (("services", name, "slotPorts", slot), port)
            for name, service in file.services.items()
            if service.slot_ports
            for slot, port in service.slot_ports.model_dump().items()
        ),
    ]
    for path, port in wanted:
        if port in RESERVED_PORTS:
            yield Finding(path, f"{port} is {RESERVED_PORTS[port]}; choose another one")
        elif port in (80, 443):
            yield Finding(path, f"{port} is the gateway's; choose another one")
        elif port in seen and not (path[0] == "hosts" and seen[port][0] == "hosts"):
            yield Finding(path, f"{port} is also {'/'.join(seen[port])}", (seen[port],))
        seen.setdefault(port, path)


def domains_are_distinct(_stack: str, file: StackFile) -> Iterator[Finding]:
    """No domain is used twice, and each is in the zone whose records the stack keeps."""
    seen: dict[str, Path] = {}
    named = [(("services", name, "domain"), service.domain) for name, service in file.services.items()]
    for path, domain in [*named, (("frontend", "domain"), file.frontend.domain)]:
        if domain in seen:
            yield Finding(path, f"{domain} is also {'/'.join(seen[domain])}", (seen[domain],))
        elif file.dns and domain != file.dns.zone and not domain.endswith(f".{file.dns.zone}"):
            yield Finding(path, f"{domain} is not in the zone {file.dns.zone}", (("dns", "zone"),))
        seen.setdefault(domain, path)


def roles_name_hosts(_stack: str, file: StackFile) -> Iterator[Finding]:
    """A role names hosts that exist, each once."""
    for role, names in file.roles.items():
        for position, name in enumerate(names):
            path = ("roles", role, str(position))
            if name not in file.hosts:
                yield Finding(
                    path, f"there is no host {name}; hosts has {', '.join(file.hosts)}", (("hosts", name),)
                )
            elif name in names[:position]:
                yield Finding(path, f"{name} is named twice")
    for name in file.roles.backup:
        if name in file.hosts and name not in file.roles.postgres:
            text = f"{name} has no PostgreSQL; backups are made on the host in roles/postgres"
            yield Finding(("roles", "backup"), text, (("roles", "postgres"),))


def gateway_is_beside_the_services(_stack: str, file: StackFile) -> Iterator[Finding]:
    """NGINX reaches the services through Unix sockets, so both are on one host."""
    if set(file.roles.gateway) != set(file.roles.services):
        yield Finding(
            ("roles", "gateway"), "must be the host of roles/services: the gateway uses its Unix sockets"
        )


def clients_behind_a_proxy_are_told_apart(_stack: str, file: StackFile) -> Iterator[Finding]:
    """Behind Cloudflare every client has one of its addresses, and all would share one rate limit."""
    domains = [*(service.domain for service in file.services.values()), file.frontend.domain]
    proxied = file.dns and file.dns.provider == CLOUDFLARE and any(map(file.dns.proxied_at, domains))
    if proxied and CLOUDFLARE not in file.gateway.trusted_proxies:
        yield Finding(
            ("gateway", "trustedProxies"),
            "must name cloudflare: with dns/proxied all clients would count as one",
            (("dns", "proxied"), ("dns", "names")),
        )


def addresses_are_distinct(_stack: str, file: StackFile) -> Iterator[Finding]:
    """No two hosts have one address, and private addresses are private to the firewall too."""
    seen: dict[str, Path] = {}
    for name, host in file.hosts.items():
        for key, address in (
            ("address", host.address),
            ("ipv6Address", host.ipv6_address),
            ("privateAddress", host.private_address),
        ):
            path = ("hosts", name, key)
            if address is None:
                continue
            if address in seen and seen[address][1] != name:
                yield Finding(path, f"{address} is also {'/'.join(seen[address])}", (seen[address],))
            seen.setdefault(address, path)
        private, tunnel = host.private_address, file.network.wireguard
        if private and tunnel is None and not _within(private, file.network.private_ranges):
            text = f"{private} is in none of network/privateRanges, so the firewall would refuse it"
            yield Finding(("hosts", name, "privateAddress"), text, (("network", "privateRanges"),))


def _within(address: str, networks: tuple[str, ...]) -> bool:
    return any(ip_address(address) in ip_network(network) for network in networks)


def connections_suffice(_stack: str, file: StackFile) -> Iterator[Finding]:
    """Every service's pool, twice during a swap, and the reserve fit ``max_connections``."""
    explicit = {name: service.pool.max for name, service in file.services.items() if service.pool}
    # A service without a size needs at least one connection.
    sizes = {name: explicit.get(name, 1) for name in file.services}
    needed, allowed = (
        needed_connections(sizes, file.postgres.reserved_connections),
        file.postgres.max_connections,
    )
    if needed > allowed:
        text = (
            f"{allowed} is too few: {len(sizes)} services with pools of {sum(sizes.values())} in all, times "
            f"{INSTANCES} during a swap, plus {file.postgres.reserved_connections} reserved need {needed}"
        )
        also = [("services", name, "pool") for name in file.services]
        yield Finding(("postgres", "maxConnections"), text, (("postgres", "reservedConnections"), *also))


def memory_suffices(_stack: str, file: StackFile) -> Iterator[Finding]:
    """On each host: shared_buffers + maintenance_work_mem + RabbitMQ + half of the ceilings + 1 GiB fit."""
    needs: dict[str, list[tuple[str, int]]] = defaultdict(list)
    roles = file.roles
    for name, host in file.hosts.items():
        if name in roles.postgres:
            sizing = postgres_sizing(file, host)
            needs[name].append(("shared_buffers", sizing.shared_buffers))
            needs[name].append(("maintenance_work_mem", sizing.maintenance_work_mem))
        if name in roles.rabbitmq:
            needs[name].append(("RabbitMQ", rabbitmq_memory(file, host)))
        if name in roles.services:
            needs[name].append(
                ("half of the services' memoryMax", sum(s.memory_max for s in file.services.values()) // 2)
            )
        if file.object_storage and name in roles.object_storage:
            needs[name].append(("object storage", file.object_storage.memory_max))
        needs[name].append(("the system", GIB))
        total = sum(size for _, size in needs[name])
        if total > host.memory:
            parts = " + ".join(f"{what} {_gib(size)}" for what, size in needs[name])
            text = f"{_gib(host.memory)} GiB is too little: {parts} = {_gib(total)} GiB"
            also: list[Path] = [
                ("hosts", name, "cores"),
                ("postgres", "sharedBuffers"),
                ("postgres", "maintenanceWorkMem"),
                ("rabbitmq", "memory"),
                ("objectStorage", "memoryMax"),
                ("roles",),
                *(("services", service, "memoryMax") for service in file.services),
            ]
            yield Finding(("hosts", name, "memory"), text, tuple(also))


def _gib(size: int) -> str:
    return f"{size / GIB:.2f}".rstrip("0").rstrip(".")


def quotas_fit_the_cores(_stack: str, file: StackFile) -> Iterator[Finding]:
    """No service may use more cores than a host of its has."""
    cores = min((file.hosts[name].cores for name in file.roles.services if name in file.hosts), default=None)
    for name, service in file.services.items():
        if cores is not None and service.cpu_quota > cores * 100:
            text = f"{service.cpu_quota}% is more than the {cores} cores of its host give ({cores * 100}%)"
            yield Finding(
                ("services", name, "cpuQuota"),
                text,
                (("roles", "services"), *(("hosts", host, "cores") for host in file.hosts)),
            )


def secrets_are_set_once(_stack: str, file: StackFile) -> Iterator[Finding]:
    """A key of appsettings comes from ``settings`` or from ``secrets``."""
    for name, service in file.services.items():
        for key in service.secrets:
            if _has(service.settings, key.replace(":", ".").split(".")):
                yield Finding(
                    ("services", name, "secrets", key), "is also in settings; keep it in one of the two"
                )


def _has(tree: object, keys: list[str]) -> bool:
    for key in keys:
        if not isinstance(tree, Mapping) or key not in tree:
            return False
        tree = tree[key]
    return True


def release_sets_name_services(_stack: str, file: StackFile) -> Iterator[Finding]:
    """A release set names services that exist, none is in two of them, and none of them is tried alone before."""
    seen: dict[str, Path] = {}
    for name, members in file.release_sets.items():
        for position, service in enumerate(members):
            path = ("releaseSets", name, str(position))
            if service not in file.services:
                text = f"there is no service {service}; services has {', '.join(file.services)}"
                yield Finding(path, text, (("services", service),))
            elif service in seen:
                yield Finding(path, f"{service} is also {'/'.join(seen[service])}", (seen[service],))
            elif file.services[service].canary:
                canary = ("services", service, "canary")
                text = f"{service} has a canary, which is a release alone; take one of the two out"
                yield Finding(path, text, (canary,))
            seen.setdefault(service, path)


def data_stays_in_production(_stack: str, file: StackFile) -> Iterator[Finding]:
    """Production's data is never deleted with its resources."""
    if file.delete_data and file.environment == "prod":
        yield Finding(("deleteData",), "must stay false in prod; data there is deleted by hand")


def versions_are_two(_stack: str, file: StackFile) -> Iterator[Finding]:
    """The version beside the one that serves is another one."""
    if file.postgres.alongside == file.postgres.version:
        text = "is postgres/version itself; name the version to upgrade to, or the one before"
        yield Finding(("postgres", "alongside"), text, (("postgres", "version"),))


def archive_has_an_endpoint(_stack: str, file: StackFile) -> Iterator[Finding]:
    """pgBackRest reaches a bucket at Backblaze through its S3 API alone."""
    bucket = file.backup.bucket
    if file.backup.physical.enabled and isinstance(bucket, B2Bucket) and bucket.endpoint is None:
        text = "is missing; the bucket's page at Backblaze names it (or set backup/physical/enabled to false)"
        yield Finding(("backup", "bucket", "endpoint"), text, (("backup", "physical", "enabled"),))


def what_expires_is_not_locked(_stack: str, file: StackFile) -> Iterator[Finding]:
    """A copy is not locked for longer than it is kept."""
    bucket, days = file.backup.bucket, file.backup.retention_days
    if bucket is None or isinstance(bucket, FolderBucket) or bucket.lock is None or bucket.lock.days <= days:
        return
    text = f"must be at most {days}, as backup/retentionDays: what expires could not go"
    yield Finding(("backup", "bucket", "lock", "days"), text, (("backup", "retentionDays"),))


def backups_have_folders_of_their_own(_stack: str, file: StackFile) -> Iterator[Finding]:
    """Neither kind of backup lies in the other's folder."""
    physical, dumps = f"{file.backup.physical.directory}/", f"{file.backup.directory}/"
    if file.backup.physical.enabled and (physical.startswith(dumps) or dumps.startswith(physical)):
        text = "must be neither backup/directory nor above or below it"
        yield Finding(("backup", "physical", "directory"), text, (("backup", "directory"),))


def copies_are_made_outside_of_production(_stack: str, file: StackFile) -> Iterator[Finding]:
    """Production's data is masked for others and never replaced by a copy; a copy comes from somewhere else."""
    wanted, own = file.qa_from_prod, file.backup
    if wanted is None:
        return
    if file.environment == "prod":
        yield Finding(("qaFromProd",), "can't be in prod, whose data no copy replaces", (("environment",),))
    if not own.physical.enabled:
        text = "needs pgBackRest; set backup/physical/enabled to true, or take this out"
        yield Finding(("qaFromProd",), text, (("backup", "physical", "enabled"),))
    place = ("qaFromProd", "bucket")
    taken = None if own.bucket is None or isinstance(own.bucket, FolderBucket) else own.bucket
    if taken and (taken.name, taken.prefix) == (wanted.bucket.name, wanted.bucket.prefix):
        text = "is where this environment's own backups are; name the other environment's"
        yield Finding((*place, "prefix"), text, (("backup", "bucket"), place))
    for name in wanted.mask:
        if name not in file.services:
            text = f"there is no service {name}; services has {', '.join(file.services)}"
            yield Finding(("qaFromProd", "mask", name), text, (("services", name),))


def drills_can_be_run(_stack: str, file: StackFile) -> Iterator[Finding]:
    """A drill that is required restores what pgBackRest has stored."""
    if file.backup.require_drill and not file.backup.physical.enabled:
        text = "can't be true without backup/physical/enabled: there would be nothing to restore"
        yield Finding(("backup", "requireDrill"), text, (("backup", "physical", "enabled"),))


RULES: tuple[Rule, ...] = (
    environment_is_the_stack,
    ports_are_free,
    domains_are_distinct,
    roles_name_hosts,
    gateway_is_beside_the_services,
    clients_behind_a_proxy_are_told_apart,
    addresses_are_distinct,
    connections_suffice,
    memory_suffices,
    quotas_fit_the_cores,
    secrets_are_set_once,
    release_sets_name_services,
    data_stays_in_production,
    versions_are_two,
    archive_has_an_endpoint,
    what_expires_is_not_locked,
    backups_have_folders_of_their_own,
    copies_are_made_outside_of_production,
    drills_can_be_run,
    *OBJECT_RULES,
    *CERTIFICATE_RULES,
    *DNS_RULES,
    *WIREGUARD_RULES,
)
