"""The login at a PostgreSQL server: what psql is given, and what its answers mean."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hostctl import postgres_login

PASSWORD = r"not:a\real"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What psql says, what it was called with, and its password file."""
    script: dict[str, Any] = {"status": 0, "says": ""}

    def run(argv: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        path = Path(re.findall(r"passfile=(\S+)", " ".join(argv))[0])
        script.update(argv=argv, file=path, line=path.read_text(), mode=path.stat().st_mode & 0o777)
        script["folder_mode"] = path.parent.stat().st_mode & 0o777
        return subprocess.CompletedProcess(argv, script["status"], "", script["says"])

    def write_file(path: Path, data: bytes, *, mode: str, **_: str) -> None:
        path.write_bytes(data)
        path.chmod(int(mode, 8))

    monkeypatch.setattr(postgres_login, "run", run)
    monkeypatch.setattr(postgres_login, "write_file", write_file)
    return script


def test_the_password_is_in_a_private_file_that_is_gone_afterwards(client: dict[str, Any]) -> None:
    assert postgres_login.refusal(5432, "app_a", PASSWORD) is None
    assert client["line"] == r"127.0.0.1:5432:postgres:app_a:not\:a\\real" + "\n"
    assert (client["mode"], client["folder_mode"]) == (0o600, 0o700)
    assert PASSWORD not in " ".join(client["argv"])
    assert not client["file"].parent.exists()


def test_a_refusal_is_the_server_s_last_line(client: dict[str, Any]) -> None:
    client.update(
        status=2, says='psql: error: connection failed:\nFATAL:  password authentication failed for "a"\n'
    )
    assert postgres_login.refusal(5432, "a", "x") == 'FATAL:  password authentication failed for "a"'


def test_a_user_without_rights_on_that_database_has_logged_in(client: dict[str, Any]) -> None:
    client.update(status=2, says='FATAL:  permission denied for database "postgres"\n')
    assert postgres_login.refusal(5432, "a", "x") is None
