"""The first two steps on a host: its deploy user and Python, then the program that applies units."""

from __future__ import annotations

import base64
import shlex
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_command as command

from components.naming import HOSTCTL
from components.remote.connection import Login
from components.remote.first_login import FirstLogin
from components.remote.host_unit import Target, hostctl, repairing
from components.remote.local_script import LocalScript
from components.remote.observer import Watch
from components.remote.program import program_archive, program_version

SCRIPTS = Path(__file__).resolve().parent / "files"
_INSTALL = "timeout --kill-after=30s 10m sudo -n sh -s"


def bootstrap_script(deploy_user: str, keys: tuple[str, ...]) -> str:
    """POSIX sh that makes a bare server ready for the deploy user. Adds, never takes away."""
    lines = [f"deploy_user={shlex.quote(deploy_user)}", f"authorized={shlex.quote(chr(10).join(keys))}"]
    return "\n".join(lines) + "\n" + (SCRIPTS / "bootstrap.sh").read_text()


def install_script(archive: bytes, deploy_user: str) -> str:
    """POSIX sh that installs this version of ``hostctl`` beside the old one and then switches to it."""
    head = f"version={program_version(archive)}\ndeploy_user={shlex.quote(deploy_user)}\nprogram={HOSTCTL}\n"
    body = (SCRIPTS / "install-hostctl.sh").read_text()
    return head + body.replace("@ARCHIVE@", base64.encodebytes(archive).decode().strip())


@dataclass(frozen=True, kw_only=True)
class BootstrapArgs:
    """``login``: how the host is entered. ``deploy_user``: the user for everything. ``bootstrap_user``: the one that a
    fresh server has (root, debian, ubuntu), asked only where the deploy user can't make it ready. ``deploy_keys``:
    public keys that may log in as the deploy user. ``watch``: what was observed on the host, if it was.
    """

    login: Login
    bootstrap_user: str
    deploy_user: str
    deploy_keys: tuple[str, ...]
    adopt: bool
    delete_data: bool
    watch: Watch | None = None


class Bootstrap(pulumi.ComponentResource):
    """Makes a bare server one that units can be applied to.

    Owns the deploy user with its keys and sudo right, python3, and ``hostctl``. Deleting it removes ``hostctl`` and
    its memory; the deploy user, its sudo right and python3 stay, so that nobody is cut off from the server.
    """

    def __init__(
        self, name: str, host: str, args: BootstrapArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dhanman:remote:Bootstrap", name, None, opts)
        drift = args.watch.program_drift() if args.watch else None
        first = FirstLogin(
            login=args.login,
            users=tuple(dict.fromkeys((args.deploy_user, args.bootstrap_user))),
            script=bootstrap_script(args.deploy_user, args.deploy_keys),
        )
        # from this machine, since Pulumi's provider knows one user for each command, and has no second try
        user = LocalScript(
            f"{name}-user",
            "components.remote.first_login",
            first.text(),
            minutes=25,
            opts=pulumi.ResourceOptions(parent=self),
        )
        connection = args.login.connection(args.deploy_user)
        program = command.remote.Command(
            f"{name}-hostctl",
            connection=connection,
            create=_INSTALL,
            update=f"{_INSTALL} --{repairing(drift)}",
            delete=hostctl("uninstall"),
            stdin=install_script(program_archive(), args.deploy_user),
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[user], ignore_changes=[] if drift else ["update"]
            ),
        )
        self.target = Target(
            name=host,
            address=args.login.address,
            connection=connection,
            adopt=args.adopt,
            delete_data=args.delete_data,
            ready=(program,),
            watch=args.watch,
        )
        self.register_outputs({"address": args.login.address, "host_key": args.login.host_key})
