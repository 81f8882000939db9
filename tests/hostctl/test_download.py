"""Fetching, from servers of the test that answer, lie, break off, drip and say nothing."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hostctl import download
from hostctl.download import fetch
from hostctl.errors import HostError

Answer = Callable[[socket.socket, threading.Event], None]


@contextlib.contextmanager
def server(answer: Answer) -> Iterator[str]:
    """A server for one connection, which ``answer`` writes to until the test ends; its address."""
    ending = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                answer(connection, ending)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/app-1.tar.gz"
        finally:
            ending.set()
            thread.join()


def head(length: int | None = None, *, status: str = "200 OK", more: str = "") -> bytes:
    size = "" if length is None else f"Content-Length: {length}\r\n"
    return f"HTTP/1.1 {status}\r\n{size}{more}\r\n".encode()


def says(*parts: bytes) -> Answer:
    return lambda connection, _: connection.sendall(b"".join(parts))


def then_silent(*parts: bytes) -> Answer:
    def answer(connection: socket.socket, ending: threading.Event) -> None:
        connection.sendall(b"".join(parts))
        ending.wait()

    return answer


def drips(connection: socket.socket, ending: threading.Event) -> None:
    connection.sendall(head(10**6))
    while not ending.wait(0.02):
        connection.sendall(b"x")


CHUNKED = head(more="Transfer-Encoding: chunked\r\n")


@pytest.mark.parametrize(
    ("answer", "announced"),
    [
        (says(head(5), b"whole"), 5),
        (says(head(), b"whole"), 0),
        (says(CHUNKED, b"2\r\nwh\r\n3\r\nole\r\n0\r\n\r\n"), 0),
        # a server that keeps the connection is not waited for
        (then_silent(head(5), b"whole"), 5),
    ],
)
def test_a_whole_file_is_fetched_and_its_size_told_before(
    tmp_path: Path, answer: Answer, announced: int
) -> None:
    sizes: list[int] = []
    with server(answer) as url:
        fetch(url, tmp_path / "file", sizes.append, silence=5)
    assert (tmp_path / "file").read_bytes() == b"whole"
    assert sizes == [announced]


@pytest.mark.parametrize(
    ("answer", "words", "hint"),
    [
        (says(head(0, status="404 Not Found")), "the server answers 404 Not Found", download.NOT_THERE),
        (says(head(0, status="503 Busy")), "the server answers 503 Busy", download.BROKEN_OFF),
        (says(head(10), b"half!"), "broken off after 5 of 10 bytes", download.BROKEN_OFF),
        (says(CHUNKED, b"9\r\nhalf"), "the server broke off: ", download.BROKEN_OFF),
        (says(b"what?\r\n\r\n"), "the server broke off: what?", download.BROKEN_OFF),
        (says(), "the server broke off: Remote end closed", download.BROKEN_OFF),
        (then_silent(), "the server sent nothing for 0.3 s", download.BROKEN_OFF),
        (then_silent(head(10), b"half!"), "the server sent nothing for 0.3 s", download.BROKEN_OFF),
        (drips, "not fetched within 0.5 s", download.BROKEN_OFF),
    ],
)
def test_a_download_that_fails_ends_with_the_reason_in_one_line(
    tmp_path: Path, answer: Answer, words: str, hint: str
) -> None:
    with server(answer) as url, pytest.raises(HostError) as failure:
        fetch(url, tmp_path / "file", lambda _: None, silence=0.3, longest=0.5)
    assert failure.value.what.startswith(f"{url}: {words}")
    assert "\n" not in failure.value.what
    assert failure.value.hint == hint


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(HostError, match="Connection refused") as failure:
        fetch(f"http://127.0.0.1:{port}/a", tmp_path / "file", lambda _: None)
    assert failure.value.hint == download.UNREACHABLE


def test_what_the_caller_refuses_is_not_fetched(tmp_path: Path) -> None:
    def refuse(size: int) -> None:
        raise HostError(f"no room for {size}")

    with server(says(head(5), b"whole")) as url, pytest.raises(HostError, match="no room for 5"):
        fetch(url, tmp_path / "file", refuse)
    assert not (tmp_path / "file").exists()


def test_a_long_download_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(download, "TOLD_EVERY", 0.0)
    monkeypatch.setattr(download, "MIB", 2)
    with server(says(head(8), b"8 bytes!")) as url:
        fetch(url, tmp_path / "file", lambda _: None)
    assert "  4 MiB of 4\n" in capsys.readouterr().err
