"""What the world sees: the gateway with its certificates, the frontend, and the names that lead there."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components import specs
from components.certificate import (
    AcmeServer,
    AcmeServerArgs,
    Certificate,
    CertificateArgs,
    IssuedCertificates,
    IssuedCertificatesArgs,
)
from components.dns import DnsRecord, DnsRecordArgs, Look, Record, comment, nothing_in_the_way
from components.dns.existing import BASE_URL, Zone
from components.dns.rfc2136.component import DnsZone, DnsZoneArgs, Looked
from components.environment.frame import Frame
from components.environment.hosts import Hosts
from components.frontend import Frontend, FrontendArgs
from components.gateway import Gateway, GatewayArgs


def serve(frame: Frame, hosts: Hosts) -> pulumi.Resource:
    """What has been applied once NGINX serves every domain."""
    settings, target = frame.settings, hosts.target("gateway")
    asked = settings.certificates.asked
    certificate = Certificate(
        "certificates",
        CertificateArgs(
            target=target.after(*hosts.teller("gateway")) if asked else target,
            certificates=specs.certificates(settings),
            token=pulumi.Output.secret(token) if (token := specs.acme_token(settings)) else "",
        ),
        frame.child,
    )
    of_gateway = GatewayArgs(
        target=target.after(certificate.ready), gateway=specs.gateway(settings, certificate.paths)
    )
    gateway = Gateway("gateway", of_gateway, frame.child)
    release = specs.release(settings, "frontend", settings.frontend.artifact)
    spec = specs.frontend(settings, certificate.paths, release)
    args = FrontendArgs(target=target.after(gateway.ready), frontend=spec, artifact=release.upload)
    return Frontend("frontend", args, frame.child).ready


def issue(frame: Frame, hosts: Hosts, served: pulumi.Resource, names: Sequence[pulumi.Resource]) -> None:
    """Certificates of an ACME server, once it finds the gateway (``served``) under its ``names``."""
    settings, asked = frame.settings, frame.settings.certificates.asked
    if asked is None:
        return
    target = hosts.target("gateway")
    before = [served, *names]
    if asked.directory == "pebble":
        server = AcmeServerArgs(target=target, environment=settings.environment)
        before.append(AcmeServer("acme-server", server, frame.child).ready)
    args = IssuedCertificatesArgs(target=target.after(*before), certificates=specs.certificates(settings))
    IssuedCertificates("certificates-issued", args, frame.child)


def name(frame: Frame, looked: Looked | None) -> list[pulumi.Resource]:
    """The records, if any are kept here. ``looked``: how the zone at a server of one's own differs, if it was asked."""
    settings, dns = frame.settings, frame.settings.dns
    made: list[pulumi.Resource] = []
    if dns is None:
        return made
    if wanted := specs.dns_zone(settings, dns):
        made.append(DnsZone("dns", DnsZoneArgs(wanted=wanted, looked=looked), frame.child))
    if dns.provider != "cloudflare":
        return made
    zone, said = dns.zone_id or "", comment(settings.environment)
    records = specs.dns_records(settings, dns)
    for key in sorted(set(dns.imports) - {record.key for record in records}):
        pulumi.log.warn(
            f"{settings.file}: dns/imports/{key}: there is no such record, so nothing is imported"
        )
    before = _before_records(frame, zone, records, said)
    for group in dict.fromkeys(record.group for record in records):
        args = DnsRecordArgs(
            zone_id=zone,
            records=[record for record in records if record.group == group],
            comment=said,
            imports=dns.imports,
            before=before,
        )
        made.append(DnsRecord(group, args, frame.of_cloudflare))
    return made


def _before_records(
    frame: Frame, zone: str, records: Sequence[Record], said: str
) -> pulumi.ResourceHook | None:
    """What looks at Cloudflare before a record is made; None where nobody can be asked."""
    settings, found = frame.settings, frame.settings.cloudflare
    missing = settings.is_placeholder("dns", "zoneId") or settings.is_placeholder("cloudflare:apiToken")
    if found is None or missing:
        return None
    at = Zone(id=zone, token=found.api_token.get_secret_value(), base_url=found.base_url or BASE_URL)
    look = Look(
        zone=at,
        records=records,
        comment=said,
        command=lambda key: specs.import_command(settings, key),
    )
    return nothing_in_the_way(look)
