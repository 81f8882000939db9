"""A domain's records in Cloudflare as a Pulumi component.

``pulumi_cloudflare`` takes two seconds to import, whichever of its modules is asked for. So it is imported
where the first record is made, and a stack without records never pays for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.dns.plan import DnsRecordSpec, address_records


@dataclass(frozen=True, kw_only=True)
class DnsRecordArgs:
    """``zone_id``: of the Cloudflare zone, from its overview page. ``record``: the domain and where it
    points.
    """

    zone_id: pulumi.Input[str]
    record: DnsRecordSpec


def cloudflare_provider(
    name: str,
    api_token: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions | None = None,
    *,
    base_url: str | None = None,
) -> pulumi.ProviderResource:
    """The one provider of an environment's records and of its bucket at Cloudflare.

    An explicit one, so that no other stack's or shell's Cloudflare settings are used by accident. The token
    needs *Zone / DNS / Edit* on the zone, for a bucket also *Workers R2 Storage / Edit* and *Account API Tokens /
    Edit*, and stays secret; None leaves it to ``CLOUDFLARE_API_TOKEN``. ``base_url``: of another API than Cloudflare's.
    """
    import pulumi_cloudflare as cloudflare

    token = None if api_token is None else pulumi.Output.secret(api_token)
    return cloudflare.Provider(name, api_token=token, base_url=base_url, opts=opts)


class DnsRecord(pulumi.ComponentResource):
    """The address records of one domain.

    Owns its A record and, where an IPv6 address is set, its AAAA record. Expects a provider in ``opts`` (see
    :func:`cloudflare_provider`). A record that is already there makes the creation fail: take it over with
    ``pulumi import``. Deleting it removes the records, and the domain is no longer found.
    """

    fqdn: str
    """The name that the records have."""

    ready: pulumi.Resource
    """The last resource of this component."""

    def __init__(self, name: str, args: DnsRecordArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        import pulumi_cloudflare as cloudflare

        super().__init__("dhanman:dns:DnsRecord", name, None, opts)
        for record in address_records(args.record):
            self.fqdn = record.name
            self.ready = cloudflare.DnsRecord(
                f"{name}-{record.type.lower()}",
                zone_id=args.zone_id,
                name=record.name,
                type=record.type,
                content=record.content,
                ttl=record.ttl,
                proxied=record.proxied,
                comment=record.comment,
                # Cloudflare refuses a second record that contradicts the first.
                opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
            )
        self.register_outputs({"fqdn": self.fqdn})
