"""Certificates for servers that tests start, by a CA that tests trust."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """``authority``: the CA's certificate. ``server``: a certificate with its key for all names."""

    authority: Path
    server: Path


def certificates(folder: Path, *names: str) -> Certificates:
    """A CA and a certificate of it, valid for two days."""
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    alternatives = ",".join(f"DNS:{name}" for name in names)
    for name, options in (
        # Python 3.13 and later ask a CA for what it may be used for
        ("ca", ["-subj", "/CN=CA of the tests", "-addext", "keyUsage=critical,keyCertSign,cRLSign"]),
        ("server", ["-subj", f"/CN={names[0]}", "-addext", f"subjectAltName={alternatives}",
                    "-addext", "basicConstraints=critical,CA:FALSE", "-CA", "ca.crt", "-CAkey", "ca.key"]),
    ):  # fmt: skip
        command = [*request, *options, "-keyout", f"{name}.key", "-out", f"{name}.crt"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    both = folder / "server.pem"
    both.write_text((folder / "server.crt").read_text() + (folder / "server.key").read_text())
    return Certificates(authority=folder / "ca.crt", server=both)
