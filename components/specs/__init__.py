"""From settings to what each component is made from. Pure."""

from __future__ import annotations

from components.specs.applications import Release, microservice, release, runtime_packages
from components.specs.backups import backup, bucket, bucket_keys, host_backup, physical_backup, source_secrets
from components.specs.dns import dns_records, dns_zone, dns_zone_file, import_command
from components.specs.edge import acme_token, certificates, frontend, gateway
from components.specs.hosts import alert_secrets, data_gate, host, notifier
from components.specs.objects import Objects, objects
from components.specs.servers import postgres, rabbitmq
from components.specs.wireguard import wireguard

__all__ = [
    "Objects",
    "Release",
    "acme_token",
    "alert_secrets",
    "backup",
    "bucket",
    "bucket_keys",
    "certificates",
    "data_gate",
    "dns_records",
    "dns_zone",
    "dns_zone_file",
    "frontend",
    "gateway",
    "host",
    "host_backup",
    "import_command",
    "microservice",
    "notifier",
    "objects",
    "physical_backup",
    "postgres",
    "rabbitmq",
    "release",
    "runtime_packages",
    "source_secrets",
    "wireguard",
]
