"""What is refused, in which words, and what never gets into a message."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.settings import StackFile, load
from components.settings.messages import keys_of
from tests.components.settings.bad import BAD
from tests.components.settings.example import DELETE, Load, changed

Problems = Callable[..., list[str]]


@pytest.mark.parametrize(("changes", "line"), [pytest.param(c, line, id=name) for name, c, line in BAD])
def test_a_wrong_value_gets_one_plain_line(problems: Problems, changes: dict[str, Any], line: str) -> None:
    found = problems(changes)
    assert [text for text in found if line in text], found
    assert all(text.startswith("Pulumi.qa.yaml: ") and "\n" not in text for text in found)


ONE_LINE = [
    case
    for case in BAD
    if case[0]
    not in {"domain outside the zone", "bad service name", "unknown host", "one service in two sets"}
]


@pytest.mark.parametrize("changes", [pytest.param(c, id=name) for name, c, _ in ONE_LINE])
def test_one_mistake_is_one_problem(problems: Problems, changes: dict[str, Any]) -> None:
    assert len(problems(changes)) == 1


def test_all_problems_come_at_once(problems: Problems) -> None:
    found = problems(
        {
            "colour": "red",
            "hosts/main/address": "nowhere",
            "services/sales/domain": "x",
            "services/sales/port": 5101,
            "roles/gateway": ["web"],
            "postgres": {"maxConnections": 20, "port": "x"},
            "backup": {"schedule": "soon"},
        }
    )
    for path in (
        "colour",
        "hosts/main/address",
        "services/sales/domain",
        "services/sales/port",
        "roles/gateway/0",
        "postgres/port",
        "backup/schedule",
    ):
        assert [line for line in found if f"yaml: {path}: " in line], (path, found)


SENTINEL = "s3ntinel"


@pytest.mark.parametrize(
    "changes",
    [
        {"services/sales/secrets": {"Jwt.Key": [SENTINEL]}},
        {"services/sales/secrets": {"Jwt Key": SENTINEL}},
        {"services/sales/secrets": SENTINEL},
        {"ssh": {"privateKey": SENTINEL}},
        {"ssh": {"privateKey": {"a": SENTINEL}}},
        {
            "backup": {
                "bucket": {"kind": "b2", "name": "backups", "keyId": "x" + SENTINEL + "!", "key": [SENTINEL]}
            }
        },
        {"backup": {"bucket": {"kind": "b2", "name": "backups", "keyid": SENTINEL, "key": SENTINEL}}},
        {"services/sales/passwrod": SENTINEL},
        {"services/sales/settings": SENTINEL},
        {"services/sales/artifact/url": f"https://user:{SENTINEL}@example.com/x.tar.gz"},
        {"operatorEmail": f"-----BEGIN PRIVATE KEY-----\n{SENTINEL}"},
    ],
)
def test_no_secret_is_ever_echoed(problems: Problems, changes: dict[str, Any]) -> None:
    assert SENTINEL not in "".join(problems(changes))


def test_what_pulumi_keeps_secret_is_not_echoed(problems: Problems) -> None:
    changes = {"operatorEmail": SENTINEL, "services/sales/domain": SENTINEL, "services/common/port": SENTINEL}
    found = problems(changes, secret_keys=["dhanman:operatorEmail", "services/sales/domain"])
    assert [line for line in found if SENTINEL in line] == [
        f"Pulumi.qa.yaml: services/common/port: must be a whole number, not '{SENTINEL}'"
    ]


def test_a_rule_does_not_echo_a_secret_either(problems: Problems) -> None:
    found = problems({"services/sales/port": 5101}, secret_keys=["dhanman:services"])
    assert len(found) == 1
    assert "5101" not in found[0]


def test_secrets_are_hidden_in_the_settings_text(load_changed: Load) -> None:
    settings = load_changed({"services/sales/secrets": {"Jwt.Key": SENTINEL}})
    assert settings.services["sales"].secrets["Jwt.Key"].get_secret_value() == SENTINEL
    assert SENTINEL not in repr(settings)


def test_config_as_pulumi_hands_it_over_is_the_same(tmp_path: Path, load_changed: Load) -> None:
    config = changed({"deleteData": True, "backup": {"retentionDays": "7"}})
    as_text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    settings = load("qa", as_text, project=tmp_path)
    assert settings.delete_data is True
    assert settings.backup.retention_days == 7
    assert settings.services == load_changed().services


def test_other_namespaces_are_left_alone(tmp_path: Path) -> None:
    config = changed({}) | {"pulumi:disable-default-providers": ["*"], "random:x": "y"}
    assert load("qa", config, project=tmp_path).environment == "qa"


def test_the_overlay_is_merged_and_named_in_messages(problems: Problems) -> None:
    overlay = {"hosts": {"main": {"address": "nowhere"}}}
    found = problems({"hosts/main/cores": 0}, overlay=overlay)
    assert found == [
        ".local/overlay.yaml: hosts/main/address: must be an IPv4 or IPv6 address such as 192.0.2.10, "
        "not 'nowhere'",
        "Pulumi.qa.yaml: hosts/main/cores: must be at least 1, not 0",
    ]


def test_pools_share_out_what_the_reserve_leaves(load_changed: Load) -> None:
    settings = load_changed({"services/sales/pool": {"max": 30, "min": 3}})
    assert settings.pool_of("sales").max == 30
    # (200 - 15 - 2 x 30) / 2
    assert settings.pool_of("common").max == 62


def test_the_input_is_not_changed_by_loading(tmp_path: Path) -> None:
    config = changed({"hosts/main/hostKey": DELETE})
    before = json.dumps(config)
    load("qa", config, project=tmp_path)
    assert json.dumps(config) == before


def test_an_artifact_folder_and_archive_are_accepted_but_no_other_file(
    tmp_path: Path, load_changed: Load, problems: Problems
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "sales.tar.gz").touch()
    (tmp_path / "sales.zip").touch()
    for path in ("folder", "sales.tar.gz"):
        assert (
            load_changed({"services/sales/artifact": {"path": path}}).services["sales"].artifact.path == path
        )
    found = problems({"services/sales/artifact": {"path": "sales.zip"}})
    assert found == [
        "Pulumi.qa.yaml: services/sales/artifact/path: sales.zip is neither a folder nor a .tar.gz"
    ]


def test_every_key_is_documented() -> None:
    documented = (Path(__file__).parents[3] / "docs/settings.md").read_text(encoding="utf-8")
    words = set(re.findall(r"[A-Za-z0-9]+", documented))
    assert sorted(set(keys_of(StackFile)) - words) == []
