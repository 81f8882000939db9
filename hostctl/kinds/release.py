"""An unpacked, immutable version of an artifact."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from hostctl import room
from hostctl.archives import sha256, sizes, unpack
from hostctl.asset_pool import AssetPool
from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State
from hostctl.kinds.paths import ids, make_parents, remove_tree, sync, write_file
from hostctl.report import progress
from hostctl.run import run


class Release(Kind):
    """``{root}/releases/{version}`` is the artifact with this digest. Not one byte of it changes later.

    Of the versions the last ``keep`` stay, and those that something leads to: a slot, ``current``, one of ``links``.
    """

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

    @property
    def _pool(self) -> AssetPool | None:
        folder = self.wanted.get("pool")
        return AssetPool(Path(folder), self.wanted["pool_pattern"]) if folder else None

    def _kept(self) -> list[Path]:
        """The whole versions, the one that was made first in front; an archive may set its folder's own time."""
        digests = sorted(self._releases.glob("*.sha256"), key=lambda p: p.stat().st_mtime_ns)
        trees = (file.with_name(file.name.removesuffix(".sha256")) for file in digests)
        return [tree for tree in trees if tree.is_dir()]

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
            "pool_filled": self._pool is None or self._pool.is_filled(self._kept()),
            "surplus": [tree.name for tree in self._surplus()],
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
        words = [] if state.get("whole", True) else [f"files of version {version} were changed"]
        words += [] if state.get("pool_filled", True) else ["kept assets are missing"]
        surplus = state.get("surplus", ())
        return words + ([f"more versions than are kept: {', '.join(surplus)}"] if surplus else [])

    def apply(self, state: State | None) -> None:
        """Look for room, fetch, check the digest, unpack beside its place, rename, link what the pool keeps of it."""
        assert state is not None
        if str(self.wanted["version"]) not in state["versions"] or not state.get("whole", True):
            self._make()
        if self._pool:
            self._pool.fill(self._kept())

    def _make(self) -> None:
        uploaded = None if self._is_url else self._uploaded()
        if uploaded:
            room.require(self._directory, self._sizes(uploaded))
        make_parents(self._directory)
        for left in self._releases.glob(".*.new"):
            # of a run that was killed, for whatever version
            remove_tree(left)
        scratch = self._releases / f".{self.wanted['version']}.new"
        scratch.mkdir(mode=0o700)
        try:
            archive = uploaded or self._fetch(scratch / "artifact.tar.gz")
            tree = scratch / "tree"
            tree.mkdir()
            if self._program:
                archive.rename(tree / self._program)
            else:
                unpack(archive, tree)
            self._prepare(tree)
            # what is unpacked is not on the disk yet, and a power cut after the switch would leave empty files
            run(["sync", "--file-system", str(tree)])
            self._label(tree)
            if self._directory.exists():
                # two renames apart: a service that is being started would have to be very unlucky
                self._directory.rename(scratch / "former")
            tree.rename(self._directory)
            sync(self._releases)
        except OSError as error:
            # neither a failed write nor tarfile says where
            raise OSError(error.errno, error.strerror, str(self._directory)) from None
        finally:
            remove_tree(scratch)

    def _label(self, tree: Path) -> None:
        """Written before the rename that makes it a version: no version is ever there without them."""
        version = str(self.wanted["version"])
        for file, text in (
            (self._listing_of(version), listed(tree)),
            (self._digest_of(version), self.wanted["sha256"]),
        ):
            write_file(file, f"{text}\n".encode(), mode="0644", owner="root", group="root")

    @property
    def _program(self) -> str | None:
        """What the fetched file itself is called, where it is no archive."""
        return self.wanted.get("program")

    @property
    def _is_url(self) -> bool:
        return str(self.wanted["source"]).startswith("https://")

    def _uploaded(self) -> Path:
        source = Path(str(self.wanted["source"]))
        if not source.is_file():
            raise HostError(
                f"the artifact {source} is not on the host",
                hint="pulumi up --target-replace of the unit's upload brings it again",
            )
        return self._checked(source)

    def _fetch(self, target: Path) -> Path:
        from hostctl.download import fetch

        # of what is behind a URL only this size is known; without it, the headers below have to do
        fetch(
            str(self.wanted["source"]),
            target,
            lambda size: room.require(self._directory, (size, size * room.UNPACKED_FACTOR)),
        )
        self._checked(target)
        if not self._program:
            room.require(self._directory, self._sizes(target))
        return target

    def _sizes(self, archive: Path) -> list[int]:
        return sizes(archive, str(self.wanted["source"]))

    def _checked(self, archive: Path) -> Path:
        found = sha256(archive)
        if found != self.wanted["sha256"]:
            raise HostError(
                f"{self.wanted['source']}: sha256 is {found}, not {self.wanted['sha256']}",
                hint="correct the artifact's sha256 in the settings, or the artifact",
            )
        return archive

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

    def finish(self) -> None:
        """Drop the oldest versions beyond ``keep``: only now nothing can lead back to them any more."""
        try:
            self._prune()
        except OSError as error:
            progress(f"  old versions of {self.key} stay: {error.strerror}")

    def _surplus(self) -> list[Path]:
        """The versions beyond ``keep``, but for those that something leads to."""
        root = Path(self.key)
        links = (root / "current", *root.glob("slots/*"), *map(Path, self.wanted.get("links", ())))
        used = {p.resolve() for p in (*links, self._directory)}
        newest_first = self._kept()[::-1]
        return [tree for tree in newest_first[int(self.wanted["keep"]) :] if tree.resolve() not in used]

    def _prune(self) -> None:
        for old in self._surplus():
            remove_tree(old)
            self._forget(old.name)
        if self._pool:
            self._pool.prune(self._kept())
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
        if self._pool:
            self._pool.prune(self._kept())
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
