"""Files that only the passphrase opens: OpenPGP, AES-256, so that ``gpg`` on any machine can read them."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from backupctl.errors import Failure
from backupctl.tools import ENVIRONMENT, LAST_LINES, run

_OPTIONS = (
    "--batch",
    "--no-tty",
    "--quiet",
    "--no-options",
    "--no-symkey-cache",
    "--pinentry-mode",
    "loopback",
)

ROUNDS = "65011712"
"""Bytes that are hashed for a key: the most that OpenPGP can say (RFC 9580, 3.7.1.3). Else gpg starts its agent, and
measures for a second what the machine is good for, which comes to the same on any that is not very slow."""


@contextlib.contextmanager
def _gpg(passphrase: Path, *words: str) -> Iterator[list[str]]:
    # a home of its own: what root keeps in ~/.gnupg is nobody's business here
    with tempfile.TemporaryDirectory(prefix="dhanman-gpg-") as home:
        try:
            yield ["gpg", "--homedir", home, *_OPTIONS, "--passphrase-file", str(passphrase), *words]
        finally:
            # the agent that gpg starts would outlive it
            run("gpgconf", "--homedir", home, "--kill", "all", check=False)


def seal(argv: Sequence[str], target: Path, passphrase: Path, *, tolerated: tuple[int, ...] = (0,)) -> int:
    """Write what a program prints, sealed; nothing of it is on disk otherwise. The program's exit status.

    Raises :class:`Failure` if the program ends with another status than the ``tolerated`` ones, or it can't be sealed.
    """
    words = (
        "--symmetric",
        "--cipher-algo",
        "AES256",
        "--s2k-digest-algo",
        "SHA512",
        "--s2k-count",
        ROUNDS,
        "--compress-algo",
        "none",
    )
    with _gpg(passphrase, *words) as gpg, tempfile.TemporaryFile() as said, target.open("xb") as out:
        target.chmod(0o600)
        source = _start(argv, stdout=subprocess.PIPE, stderr=said)
        seal_ = _start(gpg, stdin=source.stdout, stdout=out, stderr=said)
        assert source.stdout
        source.stdout.close()
        sealed, status = seal_.wait(), source.wait()
        # where gpg fails, the program that it read from fails as well
        for name, ended, good in (("gpg", sealed, (0,)), (argv[0], status, tolerated)):
            if ended not in good:
                raise Failure(f"{name}: exit status {ended}", "correct the cause", _words(said))
        return status


@contextlib.contextmanager
def opened(path: Path, passphrase: Path) -> Iterator[IO[bytes]]:
    """What was sealed, to be read to its end. Raises :class:`Failure` if that is not possible."""
    with _gpg(passphrase, "--decrypt", str(path)) as gpg, tempfile.TemporaryFile() as said:
        gpg_ = _start(gpg, stdout=subprocess.PIPE, stderr=said)
        assert gpg_.stdout
        try:
            with gpg_.stdout as stream:
                yield stream
                # what the reader has left: gpg judges the whole at its end
                while stream.read(1 << 20):
                    pass
        finally:
            status = gpg_.wait()
        if status != 0:
            raise Failure(
                f"{path} can't be opened: another passphrase, or it is damaged",
                f"the passphrase is in {passphrase} and in Pulumi's state; or take another archive",
                _words(said),
            )


def _start(argv: Sequence[str], **streams: object) -> subprocess.Popen[bytes]:
    try:
        # the overloads of Popen can't see that nothing in ``streams`` makes it a process of text
        return subprocess.Popen(argv, cwd="/", env=ENVIRONMENT, **{"stdin": subprocess.DEVNULL} | streams)  # type: ignore[call-overload,no-any-return]
    except FileNotFoundError:
        raise Failure(f"{argv[0]} is not on the host", "pulumi up installs what is missing") from None


def _words(said: IO[bytes]) -> str:
    said.seek(0)
    lines = [line for line in said.read().decode(errors="replace").splitlines() if line.strip()]
    return "\n".join(lines[-LAST_LINES:])
