"""A stand-in for a host's packages, and for the tools that list, install and remove them."""

from __future__ import annotations

import subprocess

from hostctl.errors import HostError
from hostctl.kinds import packages
from tests.hostctl.tools import Tools


class Dpkg(Tools):
    """A host's packages: version and selection of each, and what each depends on."""

    def __init__(self) -> None:
        super().__init__()
        self.there: dict[str, tuple[str, str]] = {}
        self.depends: dict[str, str] = {}
        self.provides: dict[str, str] = {}
        self.failures: list[str] = []
        self.policy: list[str] = []

    def run(
        self, argv: list[str], *, stdin: str = "", timeout: float = 300, check: bool = True, hint: str = ""
    ) -> subprocess.CompletedProcess[str]:
        if argv[0] == "dpkg-query":
            self.answer("dpkg-query", self._listing(argv), once=True)
        done = super().run(argv, stdin=stdin, timeout=timeout, check=check, hint=hint)
        plain = [word for word in argv if not word.startswith("--")]
        if plain[:2] == ["apt-get", "install"]:
            assert packages.POLICY.stat().st_mode & 0o111 == 0o111
            self.policy.append(packages.POLICY.read_text())
            if self.failures:
                raise HostError("apt-get install: exit status 100", details=self.failures.pop(0))
            for name, _, version in (word.partition("=") for word in plain[2:]):
                for package in (name, *self.depends.get(name, "").split()):
                    self.there.setdefault(package, ("1", "install"))
                self.there[name] = (version or "1", "install")
        elif plain[:2] == ["apt-get", "remove"]:
            for name in plain[2:]:
                del self.there[name]
        elif plain[0] == "apt-mark":
            for name in plain[2:]:
                self.there[name] = (self.there[name][0], "hold" if plain[1] == "hold" else "install")
        return done

    def _listing(self, argv: list[str]) -> str:
        names = argv[3:] or list(self.there)
        rows = [(name, *self.there[name]) for name in names if name in self.there]
        if "Depends" in argv[2]:
            return "".join(
                f"installed\t{n}\t, {self.depends.get(n, '')}\t{self.provides.get(n, '')}\n" for n, *_ in rows
            )
        return "".join(f"{name} {version} installed {want}\n" for name, version, want in rows)

    @property
    def apt(self) -> list[str]:
        """What apt-get was asked for, without its options."""
        calls = (call.split() for call in self.asked("apt-get"))
        return [" ".join(word for word in call[1:] if not word.startswith("--")) for call in calls]
