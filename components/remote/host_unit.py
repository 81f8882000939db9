"""A host unit as a Pulumi resource: one remote command, one SSH connection, one transaction on the host."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_command as command

from components.naming import HOSTCTL
from components.unit import Unit

LIMIT = "30m"
"""How long one unit may take; a remote command has no time limit of its own."""


def hostctl(verb: str, *arguments: str) -> str:
    """The command text that runs ``hostctl`` with these fixed words; everything variable travels on stdin."""
    return " ".join(("timeout", "--kill-after=30s", LIMIT, "sudo", "-n", HOSTCTL, verb, *arguments))


@dataclass(frozen=True, kw_only=True)
class Target:
    """A host as its units see it.

    ``name``: the host's name in the settings. ``address``: where services on it are reached. ``connection``: how
    units get there (secret as a whole). ``adopt`` and ``delete_data``: see :class:`components.unit.Unit`.
    ``ready``: what must have been applied before the first unit.
    """

    name: str
    address: str
    connection: pulumi.Input[command.remote.ConnectionArgs]
    adopt: bool = False
    delete_data: bool = False
    ready: tuple[pulumi.Resource, ...] = ()

    def after(self, *resources: pulumi.Resource) -> Target:
        """The same host, whose units also wait for ``resources``."""
        return dataclasses.replace(self, ready=(*self.ready, *resources))


class HostUnit(command.remote.Command):
    """One :class:`~components.unit.Unit` on one host.

    The unit travels in ``stdin`` as a secret; the command text is fixed, so no change of content shows in it and a
    failing command's error repeats no secret. An update applies the new unit and prunes what it no longer has;
    deleting it removes what it made and brings back what was there before (data only if the unit says so).
    """

    def __init__(
        self,
        resource_name: str,
        target: Target,
        unit: pulumi.Input[Unit],
        *,
        depends_on: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        def document(plain: Unit) -> str:
            return dataclasses.replace(plain, adopt=target.adopt, delete_data=target.delete_data).serialize()

        super().__init__(
            resource_name,
            connection=target.connection,
            create=hostctl("apply"),
            delete=hostctl("delete"),
            stdin=pulumi.Output.from_input(pulumi.Output.secret(unit)).apply(document),
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions(depends_on=[*target.ready, *depends_on]),
                opts,
            ),
        )
