"""How a control asks the host: everything as root, over one connection."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from testinfra.host import Host


def control(number: str, title: str = "") -> pytest.MarkDecorator:
    """Which control of its baseline a test is. ``title``: for one of many in a table; else the test's name."""
    return pytest.mark.control(number, title)


class Facts:
    """A host, asked in shell text. Raises ``RuntimeError`` where a command fails, which no waiver covers."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def said(self, command: str) -> str:
        """What a command prints, without the last line's end."""
        done = self._host.run(command)
        if done.rc != 0:
            raise RuntimeError(f"{command}: {done.stderr}")
        return str(done.stdout).rstrip("\n")

    def lines(self, command: str) -> list[str]:
        """The same, in lines; nothing printed is no line."""
        return self.said(command).splitlines()

    def is_there(self, path: str) -> bool:
        """Whether there is anything at this path."""
        return bool(self._host.file(path).exists)

    def mode(self, path: str) -> tuple[str, str, int]:
        """Owner, group and permission bits."""
        owner, group, bits = self.said(f"stat --dereference --format='%U %G %a' {path}").split()
        return owner, group, int(bits, 8)

    def installed(self, package: str) -> bool:
        """Whether dpkg has the package, configured."""
        return bool(self._host.package(package).is_installed)

    def in_container(self) -> bool:
        """Whether the kernel is another machine's."""
        return bool(self._host.run("systemd-detect-virt --container --quiet").rc == 0)

    def kernel_parameter(self, name: str) -> str:
        """What the kernel has. In a container without a kernel of its own, what the next boot elsewhere would set.

        Parameters of the network are a container's own. Skips the test where the kernel has no such parameter.
        """
        path = f"/proc/sys/{name.replace('.', '/')}"
        if self.in_container() and not name.startswith("net."):
            found = declared(self.said("systemd-analyze cat-config sysctl.d --no-pager"), name)
            if found is not None:
                return found
        if not self.is_there(path):
            pytest.skip(f"this kernel has no {name}")
        return self.said(f"cat {path}")


def declared(configuration: str, name: str) -> str | None:
    """The last value that files of sysctl.d(5) give a parameter."""
    values = re.findall(rf"^-?{re.escape(name)}\s*=\s*(\S+)\s*$", configuration, re.MULTILINE)
    return values[-1] if values else None


def settings(lines: Iterable[str]) -> dict[str, list[str]]:
    """Lines "name value", as ``sshd -T`` and ``ssh -G`` print them; a name may have several values.

    Names in small letters, as sshd printed them itself before OpenSSH 10.
    """
    found: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(" ")
        found.setdefault(name.lower(), []).append(value)
    return found


def directives(configuration: str, name: str) -> list[str]:
    """The arguments of each directive of this name in what ``nginx -T`` prints."""
    found = re.findall(rf"^\s*{re.escape(name)}\s+([^;]+);", configuration, re.MULTILINE)
    return [" ".join(value.split()) for value in found]
