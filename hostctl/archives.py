"""Archives of releases: what is in them, and how they are unpacked without harm."""

from __future__ import annotations

import contextlib
import hashlib
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from hostctl.errors import NO_ROOM, HostError


def sha256(path: Path) -> str:
    """The digest of a file of any size."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sizes(archive: Path, called: str = "") -> list[int]:
    """Bytes of each member of a tar.gz, by its headers; nothing is unpacked. ``called``: its name for people."""
    with _opened(archive, called) as tar:
        return [member.size if member.isfile() else 0 for member in tar]


def unpack(archive: Path, target: Path) -> None:
    """Unpack a tar.gz; a member that leads outside, or is neither file, directory nor link, is refused.

    ``tarfile``'s own filter "data" is not in every Python 3.11 that Debian 12 ships.
    """
    with _opened(archive) as tar:
        members = tar.getmembers()
        links = {PurePosixPath(m.name) for m in members if m.issym()}
        for member in members:
            _check_member(member, links)
        for member in members:
            member.mode = (member.mode & 0o777) | (0o700 if member.isdir() else 0o600)
            tar.extract(member, target, set_attrs=True, numeric_owner=True)
        for link in links:
            # links that lead through links: only the whole tree shows where they end
            if not (target / link).resolve().is_relative_to(target.resolve()):
                raise _leads_outside(str(link))


@contextlib.contextmanager
def _opened(archive: Path, called: str = "") -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            yield tar
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise
        raise HostError(
            f"{called or archive.name}: not a usable tar.gz: {error}", hint="build the artifact again"
        ) from None


def _leads_outside(name: str) -> HostError:
    return HostError(
        f"the artifact has a member that leads outside of it: {name}", hint="build the artifact again"
    )


def _check_member(member: tarfile.TarInfo, links: set[PurePosixPath]) -> None:
    def inside(name: str) -> bool:
        depth = 0
        for part in PurePosixPath(name).parts:
            depth += {"..": -1, ".": 0}.get(part, 1)
            if part == "/" or depth < 0:
                return False
        return True

    target = str(PurePosixPath(member.name).parent / member.linkname) if member.issym() else member.linkname
    usable = member.isfile() or member.isdir() or member.issym() or member.islnk()
    places = [PurePosixPath(member.name)] + ([PurePosixPath(member.linkname)] if member.islnk() else [])
    through_a_link = any(parent in links for place in places for parent in place.parents) or (
        member.islnk() and places[1] in links
    )
    plain = ".." not in places[0].parts and not through_a_link
    if not usable or not plain or not inside(member.name) or (target and not inside(target)):
        raise _leads_outside(member.name)
