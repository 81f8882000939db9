"""Where things lie: what belongs to this clone, and the caches that all clones of a user share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CLONE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Clone:
    """The paths of one clone; everything below `local` and `venv` is ignored by git."""

    root: Path = CLONE

    @property
    def venv(self) -> Path:
        """The virtual environment."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.venv / "bin" / "python"

    @property
    def launcher(self) -> Path:
        """What `pulumi` is once the virtual environment is active."""
        return self.venv / "bin" / "pulumi"

    @property
    def local(self) -> Path:
        """Everything that belongs to this clone alone."""
        return self.root / ".local"

    @property
    def logs(self) -> Path:
        """Output of the commands that chores run."""
        return self.local / "log"

    @property
    def state(self) -> Path:
        """The file backend that is used where no other is configured."""
        return self.local / "state"

    @property
    def backend_url(self) -> str:
        """The same as the URL that Pulumi takes."""
        return self.state.as_uri()

    @property
    def pulumi_home(self) -> Path:
        """PULUMI_HOME: plugins and the selected stack."""
        return self.local / "pulumi"

    @property
    def passphrase(self) -> Path:
        """Passphrase of the file backend, made once for each clone, mode 0600."""
        return self.local / "passphrase"

    @property
    def stacks(self) -> Path:
        """Salts of the file backend's stacks, and the stack files that the launcher derives with them."""
        return self.local / "stacks"

    @property
    def stamp(self) -> Path:
        """Digest of everything that the last complete set-up was made from."""
        return self.local / "setup.stamp"


def cache() -> Path:
    """Give the directory for what is slow to make and the same for every clone."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "dhanman-infra"
