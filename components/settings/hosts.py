"""Hosts, what each of them is for, and how they are reached."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from components.settings.base import Model
from components.settings.values import (
    Address,
    ByteSize,
    Calendar,
    HostKey,
    LocalPath,
    Name,
    Network,
    Port,
    Positive,
    PrivateKey,
    PublicKey,
    TimeZone,
    UserName,
    WholeNumber,
)
from components.settings.wireguard import Wireguard


class Host(Model):
    """One server: where it is, how it proves itself, and how big it is.

    ``memory`` (bytes) and ``cores`` are what plans calculate with; a host that has less refuses them.
    ``disk`` (bytes): the size that its data may grow to. ``adopt``: take over what was set up there by hand.
    ``ipv6_address``: a second address, which its domains lead to as well. ``reboot_window``: from when on a reboot may
    begin that upgrades ask for; none: people choose.
    """

    address: Address
    port: Port = 22
    host_key: HostKey
    user: UserName = "deploy"
    bootstrap_user: UserName = "root"
    memory: ByteSize
    cores: Positive
    disk: ByteSize | None = None
    time_zone: TimeZone = "Etc/UTC"
    adopt: bool = False
    private_address: Address | None = None
    ipv6_address: Address | None = None
    reboot_window: Calendar | None = None

    @property
    def internal_address(self) -> str:
        """Where the environment's other hosts reach this one."""
        return self.private_address or self.address


_SomeHosts = Annotated[tuple[Name, ...], Field(min_length=1)]
_OneHost = Annotated[tuple[Name, ...], Field(min_length=1, max_length=1)]


class Roles(Model):
    """Which hosts carry which part of the environment, by their names under ``hosts``.

    ``object_storage``: none, or the one that carries it.
    """

    gateway: _SomeHosts
    services: _SomeHosts
    postgres: _OneHost
    rabbitmq: _OneHost
    backup: _SomeHosts
    object_storage: Annotated[tuple[Name, ...], Field(max_length=1)] = ()

    def items(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each role, as the stack file names it, with the names of its hosts, in the order of the documentation."""
        return tuple(
            (field.alias or name, getattr(self, name)) for name, field in type(self).model_fields.items()
        )


class Ssh(Model):
    """How the deploying machine logs in: exactly one of a key in the configuration, a key file and an agent.

    ``deploy_keys``: public keys that may log in as the hosts' ``user``, one for each person and each CI.
    """

    private_key: PrivateKey | None = None
    private_key_file: LocalPath | None = None
    agent: bool = False
    deploy_keys: tuple[PublicKey, ...] = ()

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if sum((self.private_key is not None, self.private_key_file is not None, self.agent)) != 1:
            raise ValueError("needs exactly one of privateKey, privateKeyFile and agent: true")
        return self


class Bans(Model):
    """When an address is kept from SSH: after ``max_retry`` failed logins within ``find_time`` seconds, for
    ``ban_time`` seconds, and twice as long each further time.
    """

    max_retry: Annotated[WholeNumber, Field(ge=2, le=100)] = 5
    find_time: Annotated[WholeNumber, Field(ge=60, le=86400)] = 600
    ban_time: Annotated[WholeNumber, Field(ge=60, le=604800)] = 3600


class NetworkSettings(Model):
    """Who may connect to what.

    ``wireguard``: a tunnel between the hosts, if there is one. ``private_ranges``: networks from which PostgreSQL and
    RabbitMQ are reached without it; with a tunnel none, unless some are named. ``ssh_sources``: networks from which
    SSH is reached; empty means from anywhere. ``bans``: of addresses outside of these.
    """

    wireguard: Wireguard | None = None
    private_ranges: tuple[Network, ...] = ("10.0.0.0/8",)
    ssh_sources: tuple[Network, ...] = ()
    bans: Bans = Bans()

    @model_validator(mode="before")
    @classmethod
    def _a_tunnel_needs_no_other(cls, given: Any) -> Any:
        # the usual range holds the tunnel's addresses: whoever has such a one beside it would be let in
        named = isinstance(given, dict) and given.get("wireguard") is not None
        return {"privateRanges": (), **given} if named else given

    @property
    def internal_ranges(self) -> tuple[str, ...]:
        """The networks of all who may log in to PostgreSQL: the tunnel's and the others."""
        return ((self.wireguard.range,) if self.wireguard else ()) + self.private_ranges
