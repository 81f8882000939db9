"""A script that runs on the operator's machine, with its secrets in ``stdin``."""

from __future__ import annotations

import pulumi
import pulumi_command as command


class LocalScript(command.local.Command):
    """Runs a Python module of the project when its input changes, and ``delete``, another one, when it is deleted.

    ``stdin`` is a secret. ``secret_output``: what the script prints is one too; then nothing of it is shown, and the
    script finds what it printed the last time in ``PULUMI_COMMAND_STDOUT``. ``drift``: for a script whose work is
    looked at beforehand, a mark of what was found to differ, empty for nothing; None for all others. ``minutes``: how
    long it may take. The script is idempotent. Without ``delete`` deleting the resource runs nothing.
    """

    def __init__(
        self,
        resource_name: str,
        module: str,
        stdin: pulumi.Input[str],
        *,
        delete: str | None = None,
        secret_output: bool = False,
        drift: str | None = None,
        minutes: int = 5,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        if secret_output:
            opts = pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(additional_secret_outputs=["stdout"])
            )
        if drift == "":
            # the text that is stored stays: a repair leaves no second difference
            opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["update"]))
        super().__init__(
            resource_name,
            create=_command(module, minutes),
            update=None
            if drift is None
            else _command(module, minutes) + (f" --drift={drift}" if drift else ""),
            delete=_command(delete, minutes) if delete else None,
            stdin=pulumi.Output.secret(stdin),
            add_previous_output_in_env=secret_output,
            logging=command.local.Logging.STDERR if secret_output else None,
            opts=opts,
        )


def _command(module: str, minutes: int) -> str:
    # relative, so that the text is the same in every checkout; Pulumi runs it in the project's folder
    return f"timeout {minutes}m .venv/bin/python -m {module}"
