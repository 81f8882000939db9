"""The stack's configuration, typed and checked; the only reader of Pulumi's config.

``read`` gives :class:`Settings` to the program or raises :class:`SettingsError`, which ``fail`` shows to
people. ``load`` is its pure part.
"""

from components.settings.acme import Acme
from components.settings.alerts import Alerts
from components.settings.applications import (
    Artifact,
    Canary,
    DotnetRuntime,
    ExecutableRuntime,
    Frontend,
    Pool,
    Service,
)
from components.settings.buckets import B2Bucket, FolderBucket, Lock, R2Bucket, S3Bucket
from components.settings.data import AptSource, Backup, Postgres, Rabbitmq
from components.settings.dns import Dns
from components.settings.edge import Certificates, Cloudflare, Gateway
from components.settings.from_prod import FromProd, SourceBucket
from components.settings.hosts import Host, NetworkSettings, Roles, Ssh
from components.settings.loader import load
from components.settings.model import Logs, Settings, StackFile
from components.settings.objects import ObjectStorage, Program
from components.settings.problems import Placeholder, Problem, SettingsError
from components.settings.reader import fail, read
from components.settings.windows import DeployWindow, refusal
from components.settings.wireguard import Wireguard

__all__ = [
    "Acme",
    "Alerts",
    "AptSource",
    "Artifact",
    "B2Bucket",
    "Backup",
    "Canary",
    "Certificates",
    "Cloudflare",
    "DeployWindow",
    "Dns",
    "DotnetRuntime",
    "ExecutableRuntime",
    "FolderBucket",
    "FromProd",
    "Frontend",
    "Gateway",
    "Host",
    "Lock",
    "Logs",
    "NetworkSettings",
    "ObjectStorage",
    "Placeholder",
    "Pool",
    "Postgres",
    "Problem",
    "Program",
    "R2Bucket",
    "Rabbitmq",
    "Roles",
    "S3Bucket",
    "Service",
    "Settings",
    "SettingsError",
    "SourceBucket",
    "Ssh",
    "StackFile",
    "Wireguard",
    "fail",
    "load",
    "read",
    "refusal",
]
