"""A plain shell script over one SSH connection: what the work itself takes, with nothing to steer it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import jinja2

from bench.tools import baselines
from bench.tools.base import Call, Workplace, inherited_environment

_REMOTE = "rm -rf /root/floor && mkdir /root/floor && cd /root/floor && tar -xz && bash converge.sh"


class Shell:
    """`tar | ssh`, and `bench/baselines/shell/converge.sh` at the other end. It has no preview."""

    name = "shell"

    def version(self) -> str:
        done = subprocess.run(["bash", "--version"], capture_output=True, text=True, check=False)
        return done.stdout.splitlines()[0]

    def open(self, place: Workplace) -> None:
        """The files are packed with each run, since a value in them may have changed."""

    def converge(self, place: Workplace, body_size: int) -> Call:
        values = baselines.variables() | {"client_max_body_size": f"{body_size}m"}
        source = place.folder / "payload"
        shutil.rmtree(source, ignore_errors=True)
        render(source / "tree", values)
        for name, file in (
            ("service.tar.gz", place.artifacts.service),
            ("frontend.tar.gz", place.artifacts.frontend),
            ("id.pub", place.public_key_file),
            ("converge.sh", baselines.ROOT / "shell/converge.sh"),
        ):
            shutil.copy(file, source / name)
        (source / "settings.sh").write_text(settings(values), encoding="utf-8")
        packed = place.folder / "payload.tar.gz"
        with tarfile.open(packed, "w:gz") as archive:
            archive.add(source, arcname=".", filter=_as_root)
        argv = (*place.host.ssh_command(), _REMOTE)
        return Call(argv=argv, cwd=place.folder, env=inherited_environment(), stdin=packed)

    def preview(self, place: Workplace, body_size: int) -> None:
        return None

    def changes(self, output: str) -> None:
        """The script says nothing."""


def render(tree: Path, values: dict[str, Any]) -> None:
    """Write every template below ``tree``, those of a service once for each service."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(baselines.TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        trim_blocks=True,
    )
    services: list[dict[str, Any]] = values["services"]
    for name in environment.list_templates():
        template = environment.get_template(name)
        if name == "opt/dhanman/service/appsettings.Local.json":
            targets = [(f"opt/dhanman/{s['name']}/appsettings.Local.json", s) for s in services]
        elif name == "etc/systemd/system/dhanman-service.service":
            targets = [(f"etc/systemd/system/dhanman-{s['name']}.service", s) for s in services]
        else:
            targets = [(name, {})]
        for target, service in targets:
            path = tree / target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(template.render(**values, service=service), encoding="utf-8")


def settings(values: dict[str, Any]) -> str:
    """The variables as the script reads them: a list becomes words, and the services their names."""
    services: list[dict[str, Any]] = values["services"]
    names = [str(service["name"]) for service in services]
    domains = [*(str(service["domain"]) for service in services), str(values["frontend_domain"])]
    flat = values | {"services": names, "domains": domains}
    words = {key: " ".join(value) if isinstance(value, list) else str(value) for key, value in flat.items()}
    return "".join(f"{key}={shlex.quote(value)}\n" for key, value in words.items())


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
