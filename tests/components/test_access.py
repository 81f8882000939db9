"""How the hosts of a stack are entered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components import access
from components.settings import Settings, SettingsError, load
from tests.components.settings.example import DELETE, HOST_KEY, changed

PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nfake\n-----END PRIVATE KEY-----\n"
TWO_HOSTS = {
    "hosts/data": {"address": "192.0.2.20", "port": 2222, "hostKey": HOST_KEY, "memory": "8GiB", "cores": 4}
}


def settings(changes: dict[str, Any], project: Path) -> Settings:
    return load("qa", changed(changes), project=project)


def test_every_host_is_entered_at_its_address_with_its_own_host_key(tmp_path: Path) -> None:
    found = access.logins(settings(TWO_HOSTS, tmp_path))
    assert {name: (entry.address, entry.port) for name, entry in found.items()} == {
        "main": ("192.0.2.10", 22),
        "data": ("192.0.2.20", 2222),
    }
    assert {entry.host_key for entry in found.values()} == {HOST_KEY}


def test_with_an_agent_there_is_no_key(tmp_path: Path) -> None:
    assert access.logins(settings({}, tmp_path))["main"].private_key is None


def test_a_key_in_the_settings_is_taken(tmp_path: Path) -> None:
    found = access.logins(settings({"ssh": {"privateKey": PRIVATE_KEY}}, tmp_path))
    assert found["main"].private_key == PRIVATE_KEY


def test_a_key_file_is_read_also_from_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "id").write_text(PRIVATE_KEY)
    for path in ("~/id", str(tmp_path / "id")):
        found = access.logins(settings({"ssh": {"privateKeyFile": path}}, tmp_path))
        assert found["main"].private_key == PRIVATE_KEY


@pytest.mark.parametrize("content", [None, b"\xff\xfeSECRET"])
def test_a_key_file_that_can_t_be_read_is_one_line_without_its_content(
    content: bytes | None, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "id").write_bytes(content)
    wanted = settings({"ssh": {"privateKeyFile": str(tmp_path / "id")}}, tmp_path)
    with pytest.raises(SettingsError) as caught:
        access.logins(wanted)
    (line,) = map(str, caught.value.problems)
    assert line.startswith(f"Pulumi.qa.yaml: ssh/privateKeyFile: {tmp_path}/id can't be read")
    assert "SECRET" not in line


def test_the_deploy_user_is_tried_first_and_the_bootstrap_user_next(tmp_path: Path) -> None:
    assert access.users(settings({"hosts/main/bootstrapUser": "debian"}, tmp_path)) == {
        "main": ("deploy", "debian")
    }


def test_one_user_for_both_is_tried_once(tmp_path: Path) -> None:
    one = settings({"hosts/main/bootstrapUser": "admin", "hosts/main/user": "admin"}, tmp_path)
    assert access.users(one) == {"main": ("admin",)}


def test_a_host_without_its_key_is_not_known_and_the_others_are(tmp_path: Path) -> None:
    assert access.known_hosts(settings(TWO_HOSTS, tmp_path)) == {"main", "data"}
    missing = settings(TWO_HOSTS | {"hosts/main/hostKey": DELETE}, tmp_path)
    assert access.known_hosts(missing) == {"data"}


def test_without_a_way_to_log_in_no_host_is_known(tmp_path: Path) -> None:
    assert access.known_hosts(settings({"ssh": {}}, tmp_path)) == frozenset()


def test_other_placeholders_keep_no_host_from_being_known(tmp_path: Path) -> None:
    found = settings({"services/sales/version": DELETE}, tmp_path)
    assert found.placeholders
    assert access.known_hosts(found) == {"main"}
