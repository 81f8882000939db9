"""Carrying an artifact to a host."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_command as command

from components.remote.host_unit import Target


class Upload(command.remote.CopyToRemote):
    """Copies ``source`` to ``remote_path`` on the host.

    The path carries the artifact's digest, and the host checks that digest before it unpacks anything, so a copy
    that broke off does no harm. Deleting the resource removes nothing; ``hostctl`` removes what it no longer needs.
    """

    def __init__(
        self,
        resource_name: str,
        target: Target,
        source: Path,
        remote_path: str,
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            resource_name,
            connection=target.connection,
            source=pulumi.FileAsset(str(source)),
            remote_path=remote_path,
            # a change of the connection alone copies nothing: a new host must be seen as one
            triggers=[target.address],
            opts=pulumi.ResourceOptions.merge(pulumi.ResourceOptions(depends_on=[*target.ready]), opts),
        )
