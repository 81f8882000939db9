"""A host unit as a Pulumi resource: one remote command, one SSH connection, one transaction on the host."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_command as command

from components.naming import HOSTCTL
from components.unit import Unit

if TYPE_CHECKING:
    from components.remote.observation import Drift
    from components.remote.observer import Watch

LIMIT = "30m"
"""How long one unit may take; a remote command has no time limit of its own."""


def hostctl(verb: str, *arguments: str) -> str:
    """The command text that runs ``hostctl`` with these fixed words; everything variable travels on stdin."""
    return " ".join(("timeout", "--kill-after=30s", LIMIT, "sudo", "-n", HOSTCTL, verb, *arguments))


def repairing(drift: Drift | None) -> str:
    """What makes the text of ``update`` another one for a drift, so that Pulumi sees something to do.

    Where nothing drifted, ``ignore_changes`` keeps the text that is stored: a repair leaves no second difference.
    """
    return f" --drift={drift.mark}" if drift else ""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A host as its units see it.

    ``name``: the host's name in the settings. ``address``: where services on it are reached. ``connection``: how
    units get there (secret as a whole). ``adopt`` and ``delete_data``: see :class:`components.unit.Unit`.
    ``ready``: what must have been applied before the first unit. ``watch``: what was observed on it, if it was.
    """

    name: str
    address: str
    connection: pulumi.Input[command.remote.ConnectionArgs]
    adopt: bool = False
    delete_data: bool = False
    ready: tuple[pulumi.Resource, ...] = ()
    watch: Watch | None = None

    def drift(self, unit: str) -> Drift | None:
        """How the unit differs on the host from what was applied, as far as that is known."""
        return self.watch.drift(unit) if self.watch else None

    def after(self, *resources: pulumi.Resource) -> Target:
        """The same host, whose units also wait for ``resources``."""
        return dataclasses.replace(self, ready=(*self.ready, *resources))


class HostUnit(command.remote.Command):
    """One :class:`~components.unit.Unit` on one host.

    The unit travels in ``stdin`` as a secret; the command text is fixed, so no change of content shows in it and a
    failing command's error repeats no secret. An update applies the new unit and prunes what it no longer has;
    deleting it removes what it made and brings back what was there before (data only if the unit says so).
    A unit that was observed to differ on its host is updated too. ``named``: the unit's name, where the unit
    itself is known only later.
    """

    def __init__(
        self,
        resource_name: str,
        target: Target,
        unit: pulumi.Input[Unit],
        *,
        named: str | None = None,
        depends_on: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = unit.name if isinstance(unit, Unit) else named
        if name is None:
            raise TypeError(f"{resource_name}: a unit that is not known yet needs its name")

        def document(plain: Unit) -> str:
            if plain.name != name:
                raise ValueError(f"{resource_name}: the unit is named {plain.name}, not {name}")
            return dataclasses.replace(plain, adopt=target.adopt, delete_data=target.delete_data).serialize()

        drift = target.drift(name)
        text = pulumi.Output.from_input(pulumi.Output.secret(unit)).apply(document)
        super().__init__(
            resource_name,
            connection=target.connection,
            create=hostctl("apply"),
            update=hostctl("apply") + repairing(drift),
            delete=hostctl("delete"),
            stdin=text,
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions(
                    depends_on=[*target.ready, *depends_on], ignore_changes=[] if drift else ["update"]
                ),
                opts,
            ),
        )
        if target.watch:
            target.watch.expect(name, self, text, delete_data=target.delete_data)
