"""Ansible as people use it at its quickest: pipelining, one connection kept open for the length of a run."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import tempfile
from pathlib import Path

from bench.tools import baselines
from bench.tools.base import Call, Workplace, inherited_environment


class Ansible:
    """`ansible-playbook` on `bench/baselines/ansible`."""

    name = "ansible"

    def __init__(self, programs: Path) -> None:
        self._programs = programs

    def version(self) -> str:
        command = [str(self._programs / "ansible-playbook"), "--version"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()[0]

    def open(self, place: Workplace) -> None:
        host = place.host
        values = {
            "ansible_host": host.address,
            "ansible_port": host.port,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(host.private_key_file),
            "ansible_ssh_common_args": f"-F none -o UserKnownHostsFile={host.known_hosts_file} -o IdentitiesOnly=yes",
            "public_key_file": str(place.public_key_file),
            "service_artifact": str(place.artifacts.service),
            "frontend_artifact": str(place.artifacts.frontend),
        }
        # YAML is a superset of JSON
        inventory = {"all": {"hosts": {"server": values}}}
        (place.folder / "inventory.yml").write_text(json.dumps(inventory), encoding="utf-8")

    def converge(self, place: Workplace, body_size: int) -> Call:
        return self._call(place, body_size)

    def preview(self, place: Workplace, body_size: int) -> Call:
        return self._call(place, body_size, "--check", "--diff")

    def changes(self, output: str) -> int | None:
        counts = re.findall(r"\bok=\d+ +changed=(\d+)", output)
        return int(counts[-1]) if counts else None

    def _call(self, place: Workplace, body_size: int, *options: str) -> Call:
        root = baselines.ROOT / "ansible"
        env = inherited_environment() | {
            "PATH": f"{self._programs}:{inherited_environment()['PATH']}",
            "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
            "ANSIBLE_HOME": str(place.folder / "home"),
            "LC_ALL": "C.UTF-8",
            # the connection that the run before keeps open would not be counted: each run has a socket of its own,
            # in a short folder, since the length of a socket's path is limited
            "ANSIBLE_SSH_CONTROL_PATH_DIR": f"{tempfile.gettempdir()}/dhanman-bench-{os.getuid()}",
            "ANSIBLE_SSH_CONTROL_PATH": f"%(directory)s/{secrets.token_hex(4)}-%%h",
        }
        argv = (
            str(self._programs / "ansible-playbook"),
            *("--inventory", str(place.folder / "inventory.yml")),
            *("--extra-vars", f"client_max_body_size={body_size}m"),
            *options,
            "site.yml",
        )
        return Call(argv=argv, cwd=root, env=env)
