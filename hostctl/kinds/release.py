"""An unpacked, immutable version of an artifact."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tarfile
from pathlib import Path, PurePosixPath

from hostctl.errors import NO_ROOM, HostError
from hostctl.kinds.base import Kind, Phase, State
from hostctl.kinds.paths import ids, make_parents, remove_tree, write_file
from hostctl.report import progress

DOWNLOAD_TIMEOUT = 60
BLOCK = 1 << 20


class Release(Kind):
    """``{root}/releases/{version}`` is the artifact with this digest. Not one byte of it changes later."""

    name = "release"
    phase = Phase.RELEASES

    @property
    def key(self) -> str:
        """The root of all its versions."""
        return str(self.wanted["root"])

    @property
    def _releases(self) -> Path:
        return Path(self.key) / "releases"

    @property
    def _directory(self) -> Path:
        return self._releases / str(self.wanted["version"])

    def _digest_of(self, version: str) -> Path:
        return self._releases / f"{version}.sha256"

    def _listing_of(self, version: str) -> Path:
        return self._releases / f"{version}.listing"

    def observe(self) -> State | None:
        """The versions that are there, with their digests."""
        versions = {}
        for file in sorted(self._releases.glob("*.sha256")):
            if (self._releases / file.name.removesuffix(".sha256")).is_dir():
                versions[file.name.removesuffix(".sha256")] = file.read_text().strip()
        listing = self._listing_of(str(self.wanted["version"]))
        return {
            "versions": versions,
            # a release of a time when no listing was made counts as whole
            "whole": not listing.is_file() or listing.read_text().strip() == listed(self._directory),
            "missing_parents": [str(p) for p in self._directory.parents if not p.exists()],
        }

    def differs(self, state: State | None) -> list[str]:
        """The version is not there. One that is there with another digest can't be replaced."""
        assert state is not None
        version, wanted = str(self.wanted["version"]), self.wanted["sha256"]
        there = state["versions"].get(version)
        if there not in (None, wanted):
            raise HostError(
                f"version {version} of {self.key} is on the host with other content (sha256 {there[:12]}...)",
                hint="releases are never changed: give the new artifact a new version",
            )
        if there is None:
            return [f"version {version} is not there"]
        return [] if state.get("whole", True) else [f"files of version {version} were changed"]

    def apply(self, state: State | None) -> None:
        """Fetch, check the digest, unpack beside its place, rename, drop the oldest beyond ``keep``."""
        make_parents(self._directory)
        scratch = self._releases / f".{self.wanted['version']}.new"
        remove_tree(scratch)
        scratch.mkdir(mode=0o700)
        try:
            archive = self._fetch(scratch / "artifact.tar.gz")
            tree = scratch / "tree"
            tree.mkdir()
            unpack(archive, tree)
            self._prepare(tree)
            if self._directory.exists():
                # two renames apart: a service that is being started would have to be very unlucky
                self._directory.rename(scratch / "former")
            tree.rename(self._directory)
        except OSError as error:
            # neither a failed write nor tarfile says where
            raise OSError(error.errno, error.strerror, str(self._directory)) from None
        finally:
            remove_tree(scratch)
        version = str(self.wanted["version"])
        for file, text in (
            (self._listing_of(version), listed(self._directory)),
            (self._digest_of(version), self.wanted["sha256"]),
        ):
            write_file(file, f"{text}\n".encode(), mode="0644", owner="root", group="root")
        self._prune()

    def _fetch(self, target: Path) -> Path:
        source = str(self.wanted["source"])
        if source.startswith("https://"):
            # these two cost more than the rest of the program, and few units fetch
            import urllib.error
            import urllib.request

            progress(f"  fetching {source}")
            try:
                with (
                    urllib.request.urlopen(source, timeout=DOWNLOAD_TIMEOUT) as answer,
                    target.open("wb") as file,
                ):
                    shutil.copyfileobj(answer, file, BLOCK)
            except (urllib.error.URLError, OSError) as error:
                if error.errno in NO_ROOM:
                    raise
                raise HostError(
                    f"{source}: {error}", hint="the host must reach the artifact's address"
                ) from None
        else:
            target = Path(source)
            if not target.is_file():
                raise HostError(
                    f"the artifact {source} is not on the host",
                    hint="pulumi up --target-replace of the unit's upload brings it again",
                )
        found = sha256(target)
        if found != self.wanted["sha256"]:
            raise HostError(
                f"{source}: sha256 is {found}, not {self.wanted['sha256']}",
                hint="correct the artifact's sha256 in the settings, or the artifact",
            )
        return target

    def _prepare(self, tree: Path) -> None:
        """Owner root, readable by the group alone unless public; the environment's own files become links."""
        executable = self.wanted.get("executable")
        if executable and not (tree / executable).is_file():
            raise HostError(
                f"the artifact has no {executable}", hint="correct the artifact or the service's runtime"
            )
        for name in self.wanted["config_files"]:
            if (tree / name).exists():
                (tree / name).rename(tree / f"{name}.artifact")
            (tree / name).symlink_to(f"{self.wanted['config_directory']}/{name}")
        uid, gid = ids("root", self.wanted["group"])
        for path in (tree, *tree.rglob("*")):
            os.chown(path, uid, gid, follow_symlinks=False)
            if path.is_symlink():
                continue
            runs = path.is_dir() or path.stat().st_mode & 0o100 or path == tree / str(executable)
            mode = (0o755 if runs else 0o644) if self.wanted["public"] else (0o750 if runs else 0o640)
            path.chmod(mode)

    def _prune(self) -> None:
        versions = sorted(
            (p for p in self._releases.iterdir() if p.is_dir() and not p.name.startswith(".")),
            key=lambda p: p.stat().st_mtime,
            reverse=True,
        )
        root = Path(self.key)
        used = {p.resolve() for p in (root / "current", *root.glob("slots/*"), self._directory)}
        for old in versions[int(self.wanted["keep"]) :]:
            if old.resolve() not in used:
                remove_tree(old)
                self._forget(old.name)
        source = Path(str(self.wanted["source"]))
        if source.is_absolute():
            for upload in source.parent.glob(f"{source.name.rsplit('-', 1)[0]}-*.tar.gz"):
                if upload != source:
                    upload.unlink()

    def _forget(self, version: str) -> None:
        self._digest_of(version).unlink(missing_ok=True)
        self._listing_of(version).unlink(missing_ok=True)

    def restore(self, state: State) -> None:
        """Remove the versions that were not there."""
        for version in (self.observe() or {"versions": {}})["versions"]:
            if version not in state["versions"]:
                remove_tree(self._releases / version)
                self._forget(version)
        for parent in (str(self._releases), *state["missing_parents"]):
            directory = Path(parent)
            if parent in state["missing_parents"] and directory.is_dir() and not any(directory.iterdir()):
                directory.rmdir()


def listed(tree: Path) -> str:
    """A digest of what ``ls -lR`` shows of a folder: any later change of a file alters it, and no file is read."""
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(tree):
        folders.sort()
        for name in sorted((*files, *folders)):
            path = os.path.join(folder, name)  # noqa: PTH118 (thousands of files, at every preview)
            info = os.lstat(path)
            size, time = (0, 0) if stat.S_ISDIR(info.st_mode) else (info.st_size, info.st_mtime_ns)
            place = path.removeprefix(str(tree))
            digest.update(f"{place}\0{info.st_mode}\0{info.st_uid}\0{info.st_gid}\0{size}\0{time}\n".encode())
    return digest.hexdigest()


def sha256(path: Path) -> str:
    """The digest of a file of any size."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def unpack(archive: Path, target: Path) -> None:
    """Unpack a tar.gz; a member that leads outside, or is neither file, directory nor link, is refused.

    ``tarfile``'s own filter "data" is not in every Python 3.11 that Debian 12 ships.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
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
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise
        raise HostError(
            f"{archive.name}: not a usable tar.gz: {error}", hint="build the artifact again"
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
