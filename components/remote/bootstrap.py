"""The first two steps on a host: its deploy user and Python, then the program that applies units."""

from __future__ import annotations

import base64
import hashlib
import io
import shlex
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_command as command

from components.naming import HOSTCTL
from components.remote.connection import Login
from components.remote.host_unit import Target, hostctl

SOURCE = Path(__file__).resolve().parents[2] / "hostctl"
SCRIPTS = Path(__file__).resolve().parent / "files"
EPOCH = (2000, 1, 1, 0, 0, 0)


def program_archive(source: Path = SOURCE) -> bytes:
    """``hostctl`` as a zip archive that is equal byte for byte as long as its files are."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(source.rglob("*.py")):
            info = zipfile.ZipInfo(f"hostctl/{path.relative_to(source)}", EPOCH)
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, path.read_bytes())
    return buffer.getvalue()


def bootstrap_script(deploy_user: str, keys: tuple[str, ...]) -> str:
    """POSIX sh that makes a bare server ready for the deploy user. Adds, never takes away."""
    lines = [f"deploy_user={shlex.quote(deploy_user)}", f"authorized={shlex.quote(chr(10).join(keys))}"]
    return "\n".join(lines) + "\n" + (SCRIPTS / "bootstrap.sh").read_text()


def install_script(archive: bytes, deploy_user: str) -> str:
    """POSIX sh that installs this version of ``hostctl`` beside the old one and then switches to it."""
    version = hashlib.sha256(archive).hexdigest()[:16]
    head = f"version={version}\ndeploy_user={shlex.quote(deploy_user)}\nprogram={HOSTCTL}\n"
    body = (SCRIPTS / "install-hostctl.sh").read_text()
    return head + body.replace("@ARCHIVE@", base64.encodebytes(archive).decode().strip())


@dataclass(frozen=True, kw_only=True)
class BootstrapArgs:
    """``login``: how the host is entered. ``bootstrap_user``: the user that a fresh server has (root, debian,
    ubuntu). ``deploy_user``: the one for everything after. ``deploy_keys``: public keys that may log in as it.
    """

    login: Login
    bootstrap_user: str
    deploy_user: str
    deploy_keys: tuple[str, ...]
    adopt: bool
    delete_data: bool


class Bootstrap(pulumi.ComponentResource):
    """Makes a bare server one that units can be applied to.

    Owns the deploy user with its keys and sudo right, python3, and ``hostctl``. Deleting it removes ``hostctl`` and
    its memory; the deploy user, its sudo right and python3 stay, so that nobody is cut off from the server.
    """

    def __init__(
        self, name: str, host: str, args: BootstrapArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("dhanman:remote:Bootstrap", name, None, opts)
        shell = "sh -s" if args.bootstrap_user == "root" else "sudo -n sh -s"
        user = command.remote.Command(
            f"{name}-user",
            connection=args.login.connection(args.bootstrap_user),
            create=f"timeout --kill-after=30s 20m {shell}",
            stdin=bootstrap_script(args.deploy_user, args.deploy_keys),
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        connection = args.login.connection(args.deploy_user)
        program = command.remote.Command(
            f"{name}-hostctl",
            connection=connection,
            create="timeout --kill-after=30s 10m sudo -n sh -s",
            delete=hostctl("uninstall"),
            stdin=install_script(program_archive(), args.deploy_user),
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[user]),
        )
        self.target = Target(
            name=host,
            address=args.login.address,
            connection=connection,
            adopt=args.adopt,
            delete_data=args.delete_data,
            ready=(program,),
        )
        self.register_outputs({"address": args.login.address, "host_key": args.login.host_key})
