"""MinIO, whose administration speaks to its own client alone."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import nullcontext
from pathlib import Path

import pytest

from hostctl.object_servers import Minio, same, server
from tests.hostctl.tools import Tools

KEY, BUCKET, SECRET = "dhanman-sales-qa", "qa-dhanman-sales", "not-a-real-secret"
MC = "/opt/mc --config-dir /scratch --json admin"


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """The client's, written by the deployment."""
    made = tmp_path / "mc"
    made.mkdir()
    (made / "config.json").write_text("{}")
    return made


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A place for the client whose name a test knows."""
    real = tempfile.TemporaryDirectory[str]
    monkeypatch.setattr(
        "hostctl.object_servers.tempfile.TemporaryDirectory",
        lambda prefix="": real(prefix=prefix) if prefix else nullcontext("/scratch"),
    )
    monkeypatch.setattr("hostctl.object_servers.shutil.copy", lambda *_: None)


@pytest.fixture
def minio(tmp_path: Path, configuration: Path) -> Minio:
    made = server(
        {
            "kind": "minio",
            "port": 9000,
            "credentials": str(tmp_path / "root.env"),
            "data": str(tmp_path),
            "client": "/opt/mc",
            "client_config": str(configuration),
        }
    )
    assert isinstance(made, Minio)
    return made


def user(*policies: str) -> str:
    return json.dumps({"status": "success", "accessKey": KEY, "policyName": ",".join(policies)}) + "\n"


def test_what_the_client_makes_beside_its_configuration_goes(
    minio: Minio, tools: Tools, configuration: Path
) -> None:
    minio.put_key(KEY, SECRET)
    used = Path(tools.calls[0].split()[2])
    assert used != configuration
    assert not used.exists()
    assert [path.name for path in configuration.iterdir()] == ["config.json"]


@pytest.mark.usefixtures("scratch")
def test_a_secret_is_on_no_command_line(minio: Minio, tools: Tools) -> None:
    minio.put_key(KEY, SECRET)
    assert tools.calls == [f"{MC} user add dhanman"]
    assert tools.stdin == [f"{KEY}\n{SECRET}\n"]


@pytest.mark.usefixtures("scratch")
def test_keys_are_listed_without_secrets(minio: Minio, tools: Tools) -> None:
    tools.answer(f"{MC} user list", user() + '{"accessKey": "another"}\n')
    assert minio.keys() == {KEY: None, "another": None}


@pytest.mark.usefixtures("scratch")
def test_a_client_that_fails_is_a_server_that_does_not_answer(minio: Minio, tools: Tools) -> None:
    tools.answer(f"{MC} user list", status=1)
    with pytest.raises(OSError, match="mc admin user list: exit status 1"):
        minio.keys()


@pytest.mark.usefixtures("scratch")
@pytest.mark.parametrize("policies", [(), ("readwrite",), (BUCKET, "readwrite")])
def test_whoever_has_another_policy_has_not_what_is_wanted(
    minio: Minio, tools: Tools, policies: tuple[str, ...]
) -> None:
    tools.answer(f"{MC} user info", user(*policies))
    assert minio.granted(BUCKET, KEY) is None


@pytest.mark.usefixtures("scratch")
def test_the_policy_of_the_bucket_is_read_back(minio: Minio, tools: Tools) -> None:
    wanted = minio.wanted(BUCKET, KEY)
    tools.answer(f"{MC} user info", user(BUCKET))
    tools.answer(f"{MC} policy info", json.dumps({"policyInfo": {"Policy": wanted}}) + "\n")
    assert same(minio.granted(BUCKET, KEY), wanted)


def test_deleting_former_versions_is_denied_since_minio_allows_it_beside_the_object(minio: Minio) -> None:
    denied = [s for s in minio.wanted(BUCKET, KEY)["Statement"] if s["Effect"] == "Deny"]
    assert [s["Action"] for s in denied] == [["s3:DeleteObjectVersion"]]


@pytest.mark.usefixtures("scratch")
@pytest.mark.skipif(os.geteuid() != 0, reason="the policy's file belongs to root")
def test_a_grant_takes_away_what_the_key_had_beside_it(minio: Minio, tools: Tools) -> None:
    tools.answer(f"{MC} user info", user("readwrite"))
    minio.grant(BUCKET, KEY, minio.wanted(BUCKET, KEY))
    assert len(tools.asked(f"{MC} policy create dhanman {BUCKET} ")) == 1
    assert tools.asked(f"{MC} policy detach") == [f"{MC} policy detach dhanman readwrite --user {KEY}"]
    assert tools.asked(f"{MC} policy attach") == [f"{MC} policy attach dhanman {BUCKET} --user {KEY}"]
