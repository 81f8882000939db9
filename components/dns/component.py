"""Records at Cloudflare as a Pulumi component.

``components.cloudflare`` is imported where the first record is made: a stack without records never pays for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pulumi

from components.dns import existing
from components.dns.plan import Record, quoted

_LOOKING = ThreadPoolExecutor(max_workers=4, thread_name_prefix="dns-look")
"""Not the loop's own threads: in those Pulumi waits for resources whose creation waits for the look."""
_KEPT = ["comment", "content", "data", "priority", "proxied", "settings", "tags", "ttl"]


@dataclass(frozen=True, kw_only=True)
class DnsRecordArgs:
    """``zone_id``: of the Cloudflare zone, from its overview page. ``comment``: says on each record whose it is.

    ``imports``: ids of records that are there already, by the key of the record that they become. ``before``: looks at
    what is there before a record is made (see :func:`nothing_in_the_way`).
    """

    zone_id: str
    records: Sequence[Record]
    comment: str
    imports: Mapping[str, str] = field(default_factory=dict)
    before: pulumi.ResourceHook | None = None


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
    from components import cloudflare

    token = None if api_token is None else pulumi.Output.secret(api_token)
    return cloudflare.Provider(name, api_token=token, base_url=base_url, opts=opts)


@dataclass(frozen=True, kw_only=True)
class Look:
    """Asks Cloudflare what is there, and refuses a record that would not be alone.

    ``command``: what imports a record that is there, by the key that it gets, with ``{id}`` for its id.
    """

    zone: existing.Zone
    records: Sequence[Record]
    comment: str
    command: Callable[[str], str]

    async def __call__(self, key: str) -> None:
        """For the record of that key. Raises :class:`RuntimeError` with what is in the way.

        An API that does not answer costs a preview a warning; otherwise :class:`existing.LookError` is raised.
        """
        (record,) = [record for record in self.records if record.key == key]
        try:
            found = await asyncio.get_running_loop().run_in_executor(_LOOKING, self.zone.records, record.name)
        except existing.LookError as error:
            if error.passing and pulumi.runtime.is_dry_run():
                pulumi.log.warn(f"{error}: what is there already is not known")
                return
            raise
        if blocking := existing.in_the_way(record, found, self.comment):
            raise RuntimeError(existing.refusal(record, blocking, self.comment, self.command(key)))


def nothing_in_the_way(look: Look) -> pulumi.ResourceHook:
    """What Pulumi runs before it makes a record, in a preview too. Records in the state are not asked about."""

    async def before(args: pulumi.ResourceHookArgs) -> None:
        await look(args.name)

    return pulumi.ResourceHook("nothing-in-the-way", before, pulumi.ResourceHookOptions(on_dry_run=True))


class DnsRecord(pulumi.ComponentResource):
    """The records of one domain, or of its mail.

    Expects a provider in ``opts`` (see :func:`cloudflare_provider`). A record that is already there and in the way is
    refused by ``before``. One that is named in ``imports`` is taken into the state as it is, and is brought to what it
    should be when it is no longer named there. Deleting this removes the records, and the names are no longer found.
    """

    ready: tuple[pulumi.Resource, ...]
    """The records."""

    def __init__(self, name: str, args: DnsRecordArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:dns:DnsRecord", name, None, opts)
        self.ready = tuple(self._record(record, args) for record in args.records)
        self.register_outputs({"fqdn": args.records[0].name})

    def _record(self, record: Record, args: DnsRecordArgs) -> pulumi.Resource:
        from components import cloudflare

        content: str | None = quoted(record.content) if record.type == "TXT" else record.content
        data = None
        if record.type == "CAA":
            flags, tag, value = record.content.split(" ", 2)
            content = None
            data = cloudflare.DnsRecordDataArgs(flags=int(flags), tag=tag, value=value.strip('"'))
        # Cloudflare refuses a second record that contradicts the first.
        options = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        if args.before:
            options.hooks = pulumi.ResourceHookBinding(before_create=[args.before])
        if found := args.imports.get(record.key):
            options.import_ = f"{args.zone_id}/{found}"
            options.ignore_changes = _KEPT
        return cloudflare.DnsRecord(
            record.key,
            zone_id=args.zone_id,
            name=record.name,
            type=record.type,
            content=content,
            data=data,
            ttl=record.ttl,
            proxied=record.proxied if record.type in ("A", "AAAA", "CNAME") else None,
            comment=args.comment,
            opts=options,
        )
