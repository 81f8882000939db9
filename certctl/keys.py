"""Private keys, the requests made with them, and certificates that stand in until there are real ones."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from certctl import x509
from certctl.config import Config
from certctl.errors import Failure
from certctl.shelf import Shelf
from certctl.tools import run
from certctl.verdicts import EXISTING, PLACEHOLDER

_KINDS = {
    "ecdsa": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "rsa": ("-newkey", "rsa:2048"),
}
"""Mozilla's guidelines: P-256, or RSA of 2048 bits for clients that know no ECDSA."""
PLACEHOLDER_DAYS = 7


def request(folder: Path, domains: tuple[str, ...], key_type: str) -> Path:
    """A new key in ``folder``/privkey.pem, and a signing request for ``domains``."""
    made = folder / "request.pem"
    _openssl(folder, domains, key_type, "-out", str(made))
    return made


def _openssl(folder: Path, domains: tuple[str, ...], key_type: str, *more: str) -> None:
    alternatives = ",".join(f"DNS:{domain}" for domain in domains)
    # a common name has room for 64 characters, and nobody reads it any more
    run("openssl", "req", "-new", *_KINDS[key_type], "-noenc", "-keyout", str(folder / "privkey.pem"), "-subj", "/",
        "-addext", f"subjectAltName={alternatives}", *more)  # fmt: skip
    (folder / "privkey.pem").chmod(0o600)


def stand_in(config: Config, name: str) -> str:
    """Serve a certificate that is there already, else a self-signed one; which, in words."""
    shelf, domains = Shelf(config.root), config.certificates[name]
    folder = shelf.draft(name)
    taken = _taken_over(config, name, folder)
    if not taken:
        _openssl(
            folder, domains, config.key_type, "-x509", "-days", str(PLACEHOLDER_DAYS),
            "-addext", "basicConstraints=critical,CA:FALSE", "-out", str(folder / "fullchain.pem"),
        )  # fmt: skip
    shelf.complete(folder, {"from": EXISTING if taken else PLACEHOLDER})
    shelf.serve(name, folder)
    shelf.prune(name)
    return f"the one from {config.existing / domains[0]}" if taken else "a self-signed placeholder"


def _taken_over(config: Config, name: str, folder: Path) -> bool:
    """A good certificate of somebody else's client, copied: a server that runs must not go back to a placeholder."""
    domains = config.certificates[name]
    source = config.existing / domains[0]
    try:
        for file in ("fullchain.pem", "privkey.pem"):
            (folder / file).write_bytes((source / file).read_bytes())
            (folder / file).chmod(0o600)
        x509.refuse_unusable(folder, domains, time.time())
    except (OSError, Failure):
        for left in folder.iterdir():
            left.unlink()
        return False
    return True


def drop(folder: Path) -> None:
    """Remove a version that is not used."""
    shutil.rmtree(folder, ignore_errors=True)
