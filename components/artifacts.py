"""Artifacts that lie on this machine, packed so that equal content is an equal file.

A folder is packed into a tar.gz without times, owners or order of its own; its digest is then a digest of the
content, on every machine and at every time.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(".local/artifacts")
_SKIPPED = {"__pycache__", ".git", ".DS_Store"}


@dataclass(frozen=True, kw_only=True)
class PackedArtifact:
    """``path``: the tar.gz on this machine. ``sha256``: its digest in hexadecimal."""

    path: Path
    sha256: str


def pack(source: Path, cache: Path = CACHE) -> PackedArtifact:
    """``source`` as a tar.gz: a folder is packed into ``cache``, a tar.gz is taken as it is."""
    if source.is_file():
        return PackedArtifact(path=source, sha256=_sha256(source))
    cache.mkdir(parents=True, exist_ok=True)
    partial = cache / f".{os.getpid()}-{source.name}.tar.gz"
    with (
        partial.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in _files(source):
            archive.add(path, arcname=str(path.relative_to(source)), recursive=False, filter=_anonymous)
    digest = _sha256(partial)
    packed = cache / f"{source.name}-{digest[:16]}.tar.gz"
    partial.replace(packed)
    return PackedArtifact(path=packed, sha256=digest)


def is_archive(name: str) -> bool:
    """Whether a file of this name is a tar.gz."""
    return name.endswith((".tar.gz", ".tgz"))


def pack_program(source: Path, name: str, cache: Path = CACHE) -> PackedArtifact:
    """A single program as a tar.gz with nothing but a file ``name`` in it; a folder or tar.gz as :func:`pack` does."""
    if source.is_dir() or is_archive(source.name):
        return pack(source, cache)
    packed = cache / f"{name}-{_sha256(source)[:16]}.tar.gz"
    if not packed.exists():
        # packed once for each content: a program is large
        cache.mkdir(parents=True, exist_ok=True)
        partial = cache / f".{os.getpid()}-{packed.name}"
        with (
            partial.open("wb") as raw,
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            archive.add(source, arcname=name, recursive=False, filter=_runnable)
        partial.replace(packed)
    return PackedArtifact(path=packed, sha256=_sha256(packed))


def _runnable(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member = _anonymous(member)
    member.mode = 0o755
    return member


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if not _SKIPPED.intersection(p.relative_to(folder).parts))


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mtime = 0
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
