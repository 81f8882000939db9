"""The notifier of a host as a Pulumi component."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.notifier.plan import NotifierSpec, notifier_unit
from components.remote import HostUnit, Target


@dataclass(frozen=True, kw_only=True)
class NotifierArgs:
    """``target``: the host. ``webhook``, ``password``: the channels' secrets, empty where there is no such channel."""

    target: Target
    spec: NotifierSpec
    webhook: pulumi.Input[str]
    password: pulumi.Input[str]


class Notifier(pulumi.ComponentResource):
    """Tells the operator when something on a host begins to fail, and when it is well again.

    Owns the program, its timer, the channels with their secrets (a file for root alone), and the folder in which other
    units leave what is to be looked at. Deleting it removes all of that; nobody is told anything any more. What it
    remembered stays in ``/var/lib/dhanman-notify-{env}``.
    """

    def __init__(self, name: str, args: NotifierArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("dhanman:notifier:Notifier", name, None, opts)
        spec = args.spec
        unit = pulumi.Output.all(args.webhook, args.password).apply(
            lambda secrets: notifier_unit(spec, secrets[0], secrets[1])
        )
        self.ready: pulumi.Resource = HostUnit(
            f"{name}-timer",
            args.target,
            unit,
            named=f"notifier-{spec.environment}",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
