"""Listening sockets from ``--urls``, in the forms that Kestrel takes."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .errors import StartError

_UNIX = "http://unix:"
_BACKLOG = 512
_GROUP_MAY_CONNECT = 0o117
_ANY_ADDRESS = ("*", "+")


@dataclass(frozen=True, kw_only=True)
class Listener:
    """A listening socket and the URL that it serves."""

    url: str
    socket: socket.socket
    unix_path: Path | None = None
    inode: int = 0

    def withdraw(self) -> None:
        """Remove the socket file, so that no more connections arrive; those in the backlog stay.

        A file that a newer process has put there is left alone.
        """
        if self.unix_path is None:
            return
        with contextlib.suppress(FileNotFoundError):
            if self.unix_path.stat().st_ino == self.inode:
                self.unix_path.unlink()

    def close(self) -> None:
        """Stop listening."""
        self.withdraw()
        self.socket.close()


def listen(urls: str) -> list[Listener]:
    """Open every URL of a list separated by semicolons.

    ``http://unix:/path`` is a socket file with mode 0660 that replaces a stale one;
    ``http://localhost:5006`` both loopback addresses; ``http://*:5006`` every address.
    Raises StartError naming the URL that cannot be opened.
    """
    listeners: list[Listener] = []
    try:
        for url in filter(None, (part.strip() for part in urls.split(";"))):
            try:
                listeners.extend([_listen_unix(url)] if url.startswith(_UNIX) else _listen_tcp(url))
            except OSError as error:
                raise StartError(f"--urls: {url}: {error.strerror or error}") from None
    except StartError:
        for listener in listeners:
            listener.close()
        raise
    if not listeners:
        raise StartError("--urls: names no address to listen on")
    return listeners


def _listen_unix(url: str) -> Listener:
    path = Path(url.removeprefix(_UNIX))
    if not path.is_absolute():
        raise StartError(f"--urls: {url}: the path of the socket must begin with /")
    _remove_stale(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The file gets its mode from the umask at bind, so it is never open wider for a moment.
        previous = os.umask(_GROUP_MAY_CONNECT)
        try:
            listening.bind(str(path))
        finally:
            os.umask(previous)
        listening.listen(_BACKLOG)
        inode = path.stat().st_ino
    except OSError:
        listening.close()
        raise
    return Listener(url=url, socket=listening, unix_path=path, inode=inode)


def _remove_stale(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise StartError(f"--urls: {path}: is there already and is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise StartError(f"--urls: {path}: another process listens there")


def _listen_tcp(url: str) -> list[Listener]:
    host, port = _address(url)
    if host == "localhost":
        ipv4 = _open_tcp(url, "127.0.0.1", port)
        try:
            ipv6 = _open_tcp(url, "::1", port)
        except OSError as error:
            # A machine may have IPv6 switched off; localhost is then the IPv4 loopback alone.
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                return [ipv4]
            ipv4.close()
            raise
        return [ipv4, ipv6]
    return [_open_tcp(url, "0.0.0.0" if host in _ANY_ADDRESS else host, port)]


def _address(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    # TLS ends at the gateway, so plain HTTP is the only scheme.
    if not url.startswith("http://") or not host:
        raise StartError(f"--urls: {url}: must be http://host:port or http://unix:/path")
    return host, 80 if port is None else port


def _open_tcp(url: str, host: str, port: int) -> Listener:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return Listener(url=url, socket=listening)
