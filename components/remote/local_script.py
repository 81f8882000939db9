"""A script that runs on the operator's machine, with its secrets in ``stdin``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import pulumi
import pulumi_command as command


class LocalScript(command.local.Command):
    """Runs a Python module of the project (``-m module argument ...``) when its input changes.

    ``stdin`` is a secret. The script is idempotent; deleting the resource runs nothing.
    """

    def __init__(
        self,
        resource_name: str,
        argv: Sequence[str],
        stdin: pulumi.Input[str],
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(
            resource_name,
            # relative, so that the text is the same in every checkout; Pulumi runs it in the project's folder
            create=f"timeout 5m {shlex.join(['.venv/bin/python', *argv])}",
            stdin=pulumi.Output.secret(stdin),
            add_previous_output_in_env=False,
            opts=opts,
        )
