"""The object storage of an environment as host units: the server, and the services' buckets and keys. Pure.

Source: the deployment document, section "Current Deployment Topology" (MinIO); versitygw's wiki and ``--help``; MinIO's
documentation, "Single-Node Single-Drive"; ``docs/decisions.md`` for the choice between the two.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from components.naming import CONFIG_ROOT, UNITS, ServiceNames
from components.templates import Templates
from components.unit import (
    Directory,
    File,
    Group,
    HttpCheck,
    ObjectBucket,
    ObjectKey,
    ObjectServer,
    Release,
    Service,
    Thing,
    Unit,
    User,
    Validation,
)

ROOT_USER = "root-of-objects"
"""The server's own access key; its secret is generated."""
REGION = "us-east-1"
"""What requests are signed for: the S3 server's and most libraries' default."""
KEPT_VERSIONS = 2
START_LIMIT = 30
_TEMPLATES = Templates(__file__)


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A program as a host gets it.

    ``source``: path of a tar.gz on the host, or the https URL of a tar.gz or of the program itself. ``executable``:
    where the program is in the archive, or its name. ``archive``: whether it is one.
    """

    source: str
    sha256: str
    executable: str
    archive: bool = True


@dataclass(frozen=True, kw_only=True)
class ObjectStorageSpec:
    """The object storage of an environment.

    ``kind``: ``versitygw`` or ``minio``; ``client``: MinIO's. ``services``: those that get a bucket. ``data``: folder
    of everything that is kept. ``memory_max``: bytes.
    """

    environment: str
    kind: str
    version: str
    program: Installed
    client: Installed | None
    port: int
    data: str
    memory_max: int
    services: tuple[str, ...]

    @property
    def base(self) -> str:
        """Name of unit, user and folders."""
        return f"dhanman-object-storage-{self.environment}"

    @property
    def unit(self) -> str:
        """The systemd unit."""
        return f"{self.base}.service"

    @property
    def root(self) -> str:
        """Where its releases are."""
        return f"/opt/dhanman/{self.environment}/object-storage"

    @property
    def client_root(self) -> str:
        """Where those of MinIO's client are."""
        return f"{self.root}-client"

    @property
    def executable(self) -> str:
        """The program that runs, under its version."""
        return f"{self.root}/releases/{self.version}/{self.program.executable}"

    @property
    def configuration(self) -> str:
        """Folder of what root alone may read."""
        return f"{CONFIG_ROOT}/{self.environment}/object-storage"

    @property
    def credentials(self) -> str:
        """File of the root key."""
        return f"{self.configuration}/root.env"

    @property
    def buckets(self) -> str:
        """Where the objects are."""
        return f"{self.data}/buckets"

    @property
    def folders(self) -> tuple[str, ...]:
        """What the server has below its data."""
        below = ("buckets",) if self.kind == "minio" else ("buckets", "versions", "keys")
        return tuple(f"{self.data}/{name}" for name in below)

    @property
    def server(self) -> ObjectServer:
        """How the host itself reaches it."""
        minio = self.kind == "minio"
        return ObjectServer(
            kind=self.kind,
            port=self.port,
            credentials=self.credentials,
            data=self.data,
            admin=None if minio else f"/run/{self.base}/admin.sock",
            client=self._client_program,
            client_config=f"{self.configuration}/mc" if minio else None,
        )

    @property
    def client_version(self) -> str:
        """MinIO's client has no version of its own in the settings: another content is another one."""
        return self.client.sha256[:12] if self.client else ""

    @property
    def _client_program(self) -> str | None:
        root = f"{self.client_root}/releases/{self.client_version}"
        return f"{root}/{self.client.executable}" if self.client else None

    @property
    def health(self) -> str:
        """What answers 200 when the server serves."""
        return "/minio/health/ready" if self.kind == "minio" else "/health"


def bucket_name(environment: str, service: str) -> str:
    """The bucket of a service, named as its database."""
    return ServiceNames(environment, service).database


def access_key(environment: str, service: str) -> str:
    """What a service logs in as."""
    return ServiceNames(environment, service).base


def server_unit(spec: ObjectStorageSpec, secret: str) -> Unit:
    """Unit ``object-storage-{env}``: user, program, root key, folders, running server. ``secret``: of the root key."""
    minio = spec.kind == "minio"
    restart = (f"restart {spec.unit}",)
    names = ("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD") if minio else ("ROOT_ACCESS_KEY", "ROOT_SECRET_KEY")
    credentials = f"{names[0]}={ROOT_USER}\n{names[1]}={secret}\n"
    things: list[Thing] = [
        Group(name=spec.base),
        User(name=spec.base, group=spec.base, home=spec.data),
        _release(spec.root, spec.version, spec.program),
        *([_release(spec.client_root, spec.client_version, spec.client)] if spec.client else []),
        Directory(path=spec.configuration, mode="0700"),
        File(path=spec.credentials, content=credentials, mode="0400", secret=True, notify=restart),
        *([_client_configuration(spec, secret)] if minio else []),
        *(
            Directory(path=path, mode="0750", owner=spec.base, group=spec.base, data=True, recursive=True)
            for path in (spec.data, *spec.folders)
        ),
        File(
            path=f"{UNITS}/{spec.unit}",
            content=_TEMPLATES.render(
                "etc/systemd/system/dhanman-object-storage.service",
                environment=spec.environment,
                kind=spec.kind,
                version=spec.version,
                base=spec.base,
                user=spec.base,
                credentials=spec.credentials,
                variables=_variables(spec),
                command=_command(spec),
                memory_max=spec.memory_max,
                data=spec.data,
            ),
            notify=("daemon-reload", *restart),
        ),
        Service(unit=spec.unit),
    ]
    verify = ("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", f"{UNITS}/{spec.unit}")
    return Unit(
        name=f"object-storage-{spec.environment}",
        things=tuple(things),
        validations=(Validation(argv=verify),),
        checks=(HttpCheck(path=spec.health, port=spec.port, timeout=START_LIMIT),),
        redact=(secret,),
    )


def _release(root: str, version: str, program: Installed) -> Release:
    return Release(
        root=root,
        version=version,
        source=program.source,
        sha256=program.sha256,
        public=True,
        executable=program.executable,
        keep=KEPT_VERSIONS,
        program=None if program.archive else program.executable,
    )


def _client_configuration(spec: ObjectStorageSpec, secret: str) -> File:
    """What ``mc`` reads: its arguments would show the secret to everybody."""
    alias = {
        "url": f"http://localhost:{spec.port}",
        "accessKey": ROOT_USER,
        "secretKey": secret,
        "api": "S3v4",
        "path": "auto",
    }
    content = json.dumps({"version": "10", "aliases": {"dhanman": alias}}, indent=2) + "\n"
    return File(path=f"{spec.configuration}/mc/config.json", content=content, mode="0600", secret=True)


def _variables(spec: ObjectStorageSpec) -> Mapping[str, str]:
    if spec.kind == "minio":
        # no console on any port, and no question to a server on the internet
        return {"MINIO_BROWSER": "off", "MINIO_UPDATE": "off", "HOME": spec.data}
    return {}


def _command(spec: ObjectStorageSpec) -> str:
    if spec.kind == "minio":
        return f"{spec.executable} server --quiet --address :{spec.port} {spec.buckets}"
    # the administration is a Unix socket of the server's own user: no network reaches it
    return (
        f"{spec.executable} --port :{spec.port} --admin-port {spec.server.admin} --socket-perm 0600"
        f" --region {REGION} --health {spec.health} --iam-dir {spec.data}/keys --iam-cache-disable --quiet"
        f" posix --versioning-dir {spec.data}/versions --dir-perms 0750 --file-perms 0640 {spec.buckets}"
    )


def buckets_unit(spec: ObjectStorageSpec, secrets: Mapping[str, str]) -> Unit:
    """Unit ``object-buckets-{env}``: each service's key and bucket. ``secrets``: of the keys, by service."""
    environment, server = spec.environment, spec.server
    keys = [
        ObjectKey(name=access_key(environment, service), password=secrets[service], server=server)
        for service in spec.services
    ]
    buckets = [
        ObjectBucket(
            name=bucket_name(environment, service),
            access_key=access_key(environment, service),
            server=server,
        )
        for service in spec.services
    ]
    return Unit(
        name=f"object-buckets-{environment}",
        things=(*keys, *buckets),
        redact=tuple(secrets[service] for service in spec.services),
    )
