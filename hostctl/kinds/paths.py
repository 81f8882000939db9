"""What the kinds that live in the file system share: observing a path, writing it atomically, bringing it back."""

from __future__ import annotations

import base64
import contextlib
import grp
import hashlib
import os
import pwd
import shutil
import stat
from pathlib import Path

from hostctl.debian import installed_by_us, is_installed, is_shipped
from hostctl.errors import NO_ROOM, HostError
from hostctl.kinds.base import Kind, State


def observe_path(path: Path, *, content: bool = False) -> State:
    """Type, mode, owner and (for a regular file) digest and content of what is at ``path``."""
    parents = [str(p) for p in path.parents if not p.exists()]
    try:
        info = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return {"type": "absent", "missing_parents": parents}
    state: State = {
        "mode": f"{stat.S_IMODE(info.st_mode):04o}",
        "owner": _user(info.st_uid),
        "group": _group(info.st_gid),
    }
    if stat.S_ISLNK(info.st_mode):
        return state | {"type": "symlink", "target": str(path.readlink())}
    if stat.S_ISDIR(info.st_mode):
        return state | {"type": "directory"}
    if not stat.S_ISREG(info.st_mode):
        return state | {"type": "other"}
    data = path.read_bytes()
    state |= {"type": "file", "sha256": hashlib.sha256(data).hexdigest()}
    return state | {"content": base64.b64encode(data).decode()} if content else state


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def ids(owner: str, group: str) -> tuple[int, int]:
    """Numeric user and group; a number stands for itself."""
    try:
        uid = int(owner) if owner.isdigit() else pwd.getpwnam(owner).pw_uid
        gid = int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    except KeyError:
        raise HostError(
            f"the host has no user {owner} or no group {group}", hint="run pulumi up again"
        ) from None
    return uid, gid


def make_parents(path: Path) -> None:
    """Missing parents, as root, readable by all."""
    for parent in reversed([p for p in path.parents if not p.exists()]):
        parent.mkdir(mode=0o755)
        parent.chmod(0o755)


def write_file(path: Path, data: bytes, *, mode: str, owner: str, group: str) -> None:
    """Replace a file atomically: it never exists with other content, mode or owner than the old or the new."""
    make_parents(path)
    uid, gid = ids(owner, group)
    temporary = _temporary(path)
    temporary.unlink(missing_ok=True)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            os.fchown(stream.fileno(), uid, gid)
            os.fchmod(stream.fileno(), int(mode, 8))
            stream.flush()
            os.fsync(stream.fileno())
        _clear_directory(path)
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            # a failed write does not say where, and the temporary name means nothing to people
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
    sync(path.parent)


def write_symlink(path: Path, target: str) -> None:
    """Point a link elsewhere by rename: it is never missing in between."""
    make_parents(path)
    temporary = _temporary(path)
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    _clear_directory(path)
    temporary.replace(path)
    sync(path.parent)


def _clear_directory(path: Path) -> None:
    # rename cannot replace a directory; only an empty one is ours to give up
    if path.is_dir() and not path.is_symlink():
        try:
            path.rmdir()
        except OSError:
            raise HostError(f"{path} is a directory that is not empty", hint=f"move {path} away") from None


def _temporary(path: Path) -> Path:
    # one name for each path: what a killed run left is replaced by the next one, or removed by its undo
    return path.with_name(f".{path.name}.dhanman-new")


def sync(directory: Path) -> None:
    """Make a rename in ``directory`` survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def restore_path(path: Path, state: State) -> None:
    """Bring a path back to an observed state; parents that were not there and are empty go too."""
    kind = state["type"]
    with contextlib.suppress(NotADirectoryError):
        _temporary(path).unlink(missing_ok=True)
    if kind != "absent" and _is_as(path, state):
        # on a full disk there is no room to write what is there already
        return
    if kind == "absent":
        if path.is_dir() and not path.is_symlink():
            with contextlib.suppress(OSError):
                path.rmdir()
        else:
            path.unlink(missing_ok=True)
        for parent in state.get("missing_parents", []):
            with contextlib.suppress(OSError):
                Path(parent).rmdir()
    elif kind == "symlink":
        write_symlink(path, state["target"])
    elif kind == "file":
        _restore_file(path, state)
    elif kind == "directory":
        if path.is_symlink() or path.is_file():
            path.unlink()
        make_parents(path)
        path.mkdir(exist_ok=True)
        os.chown(path, *ids(state["owner"], state["group"]))
        path.chmod(int(state["mode"], 8))


def _is_as(path: Path, state: State) -> bool:
    now = observe_path(path)
    return all(now.get(key) == value for key, value in state.items() if key != "content")


def _restore_file(path: Path, state: State) -> None:
    data = base64.b64decode(state["content"])
    attributes = {name: str(state[name]) for name in ("mode", "owner", "group")}
    try:
        write_file(path, data, **attributes)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        # no room for both: what has to go makes room for what was there; the journal still has that
        path.unlink(missing_ok=True)
        write_file(path, data, **attributes)


def remove_tree(path: Path) -> None:
    """Remove a directory with everything in it; a link is removed, not followed."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


class PathKind(Kind):
    """A kind whose thing is one path."""

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.wanted["path"])

    def observe(self) -> State | None:
        """What is at the path."""
        return observe_path(self.path, content=True)

    def restore(self, state: State) -> None:
        """Put back what was at the path."""
        restore_path(self.path, state)

    def foreign(self, state: State) -> bool:
        """Somebody else's, unless nothing is there or a package put it there."""
        package = self.wanted.get("of_package")
        # what a removed package left behind is of use to nobody
        if state["type"] == "absent" or (package and (installed_by_us(package) or not is_installed(package))):
            return False
        # a package's maintainer script makes links that dpkg does not know to files that it does
        place = self.path.resolve() if state["type"] == "symlink" else self.path
        return not is_shipped(str(place))


def attribute_differences(state: State, wanted: dict[str, str]) -> list[str]:
    """Differences of mode, owner and group."""
    return [f"{k} {state[k]} -> {wanted[k]}" for k in ("mode", "owner", "group") if state[k] != wanted[k]]
