"""The second connection that confirms a change which could have locked the operator out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import pulumi
import pulumi_command as command

from components.remote.host_unit import Target, hostctl, repairing
from components.unit import Unit


class Confirm(command.remote.Command):
    """Confirms an armed unit over a new connection; without it the host puts the old state back by itself.

    Runs again whenever the unit is applied again: its content changed, or it differed on the host. Deleting it does
    nothing.
    """

    def __init__(
        self,
        resource_name: str,
        target: Target,
        unit: Unit,
        *,
        depends_on: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        digest = hashlib.sha256(unit.serialize().encode()).hexdigest()
        drift = target.drift(unit.name)
        super().__init__(
            resource_name,
            connection=target.connection,
            create=hostctl("confirm"),
            update=hostctl("confirm") + repairing(drift),
            stdin=json.dumps({"unit": unit.name, "content": digest}),
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions(
                    depends_on=[*target.ready, *depends_on], ignore_changes=[] if drift else ["update"]
                ),
                opts,
            ),
        )
