"""The two kinds of SSH keys: one login key per clone, one host key per host. Private parts are mode 0600."""

from __future__ import annotations

from pathlib import Path

from testbed.paths import Clone
from testbed.process import locked, run


def login_public_key(clone: Clone) -> str:
    """Public part of the clone's login key, which is made at the first call."""
    with locked(clone.state / "locks" / "keys"):
        if not clone.login_key.exists():
            _generate(clone.login_key, "testbed")
    return clone.login_key.with_suffix(".pub").read_text().strip()


def host_key(folder: Path, name: str) -> tuple[Path, str]:
    """File of a host's private ed25519 key and its public part without comment; made at the first call."""
    private = folder / "ssh_host_ed25519_key"
    if not private.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _generate(private, name)
    public = private.with_suffix(".pub").read_text().split()
    return private, " ".join(public[:2])


def _generate(path: Path, comment: str) -> None:
    draft = path.with_name(f"{path.name}.new")
    for leftover in (draft, draft.with_name(f"{draft.name}.pub")):
        leftover.unlink(missing_ok=True)
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(draft)])
    draft.with_name(f"{draft.name}.pub").rename(path.with_suffix(".pub"))
    draft.rename(path)
