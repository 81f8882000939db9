"""An apt source with its signing key (deb822 form, sources.list(5))."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hostctl.apt import apt_get, refresh_index
from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State
from hostctl.kinds.packages import Packages, installed
from hostctl.kinds.paths import observe_path, restore_path, write_file
from hostctl.run import run


class AptRepository(Kind):
    """``/etc/apt/sources.list.d/{name}.sources`` and the key it names."""

    name = "apt_repository"
    phase = Phase.REPOSITORIES

    @property
    def _source(self) -> Path:
        return Path(f"/etc/apt/sources.list.d/{self.wanted['name']}.sources")

    @property
    def _key(self) -> Path:
        return Path(f"/etc/apt/keyrings/{self.wanted['name']}.asc")

    def _is_superfluous(self) -> bool:
        """The host's own sources offer the package already, so that this one is not needed."""
        package = self.wanted.get("unless_available")
        if not package or self._source.exists():
            return False
        if installed([package]):
            # it came from somewhere already; an observation must not depend on mirrors
            return True
        refresh_index()
        policy = run(["apt-cache", "policy", package], check=False).stdout
        return "Candidate: " in policy and "Candidate: (none)" not in policy

    def _suite(self) -> str:
        lines = Path("/etc/os-release").read_text().splitlines()
        release = dict(line.split("=", 1) for line in lines if "=" in line)
        return str(self.wanted["suite"]).replace("{codename}", release.get("VERSION_CODENAME", "").strip('"'))

    def _text(self) -> str:
        signed_by = self.wanted.get("signed_by") or str(self._key)
        return (
            "Types: deb\n"
            f"URIs: {self.wanted['uri']}\n"
            f"Suites: {self._suite()}\n"
            f"Components: {' '.join(self.wanted['components'])}\n"
            f"Signed-By: {signed_by}\n"
        )

    def _files(self) -> dict[str, tuple[Path, str]]:
        files = {"source": (self._source, self._text())}
        if self.wanted.get("key"):
            files["key"] = (self._key, self.wanted["key"])
        return files

    def observe(self) -> State | None:
        """Both files."""
        return {n: observe_path(p, content=True) for n, p in (("source", self._source), ("key", self._key))}

    def differs(self, state: State | None) -> list[str]:
        """Which of the files is missing or other; nothing where the distribution has the package."""
        assert state is not None
        if self._is_superfluous():
            return []
        return [
            n for n, (path, text) in self._files().items() if not path.is_file() or path.read_text() != text
        ]

    def apply(self, state: State | None) -> None:
        """Check the key's fingerprint, then write both, then read the source's index."""
        package = self.wanted.get("key_package")
        if package and not installed([package]):
            keyring = Packages({"name": f"{self.wanted['name']}-key", "packages": [package]})
            keyring.apply(keyring.observe())
        wanted, key = self.wanted.get("fingerprint"), self.wanted.get("key")
        if key and wanted:
            listing = run(
                ["gpg", "--batch", "--with-colons", "--show-keys"], stdin=key, hint="install gnupg"
            ).stdout
            found = {line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:")}
            if wanted.replace(" ", "").upper() not in found:
                raise HostError(
                    f"apt repository {self.wanted['name']}: the key has not the fingerprint {wanted}",
                    hint="compare key and fingerprint in the settings with what the vendor publishes",
                )
        for path, text in self._files().values():
            write_file(path, text.encode(), mode="0644", owner="root", group="root")
        apt_get(
            "update", "--option=Dir::Etc::sourceparts=-", f"--option=Dir::Etc::sourcelist={self._source}",
            "--option=APT::Get::List-Cleanup=0", "--error-on=any",
            hint=f"the host must reach {self.wanted['uri']}",
        )  # fmt: skip

    def restore(self, state: State) -> None:
        """Bring both files back."""
        restore_path(self._source, state["source"])
        restore_path(self._key, state["key"])

    def foreign(self, state: State) -> bool:
        """A source of this name that we did not make."""
        return bool(state["source"]["type"] != "absent")

    def record(self) -> dict[str, Any]:
        """All of it: nothing here is secret."""
        return dict(self.wanted)
