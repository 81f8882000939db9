"""The backup of a host's configuration, with the real tar and gpg; the broker and the bucket are stood in for."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from backupctl import host_backup, host_restore, sealed, tools
from backupctl.errors import Failure
from backupctl.host_backup import DEFINITIONS, ETC, archives, back_up, definitions, names
from backupctl.host_config import HostConfig

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("gpg", "tar", "dpkg-query"))), reason="needs gpg, GNU tar and dpkg"
)

SECRET = "the-key-of-nginx"
BROKER = """#!/bin/bash
case "$*" in
  *export_definitions*) [ ! -e "$STAND_IN/down" ] && cat "$STAND_IN/definitions" ;;
  *import_definitions*) cat "${!#}" >"$STAND_IN/imported" ;;
esac
"""
BUCKET = """#!/bin/bash
[ ! -e "$STAND_IN/unreachable" ] || { echo "error: bucket: no route" >&2; exit 1; }
shift
echo "$*" >>"$STAND_IN/bucket"
"""
HELD = {
    "users": [{"name": "dhanman_a"}],
    "vhosts": [{"name": "qa"}],
    "permissions": [],
    "rabbitmq_version": "4.3.6",
}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HostConfig:
    for folder in ("bin", "etc/nginx", "backups", "state", "var/uploads"):
        (tmp_path / folder).mkdir(parents=True)
    for name, text in (("rabbitmqctl", BROKER), ("dhanman-bucket", BUCKET)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "etc/nginx/nginx.key").write_text(SECRET)
    (tmp_path / "etc/nginx/nginx.key").chmod(0o640)
    (tmp_path / "etc/hostname").write_text("main\n")
    (tmp_path / "var/uploads/large").write_text("an artifact")
    (tmp_path / "definitions").write_text(json.dumps(HELD))
    (tmp_path / "key").write_text("not-a-real-passphrase\n")
    monkeypatch.setitem(tools.ENVIRONMENT, "PATH", f"{tmp_path / 'bin'}:{tools.ENVIRONMENT['PATH']}")
    monkeypatch.setitem(tools.ENVIRONMENT, "STAND_IN", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host_restore, "BROKER_USER", os.getuid())
    # a third of a second for each key is for those who guess, not for tests
    monkeypatch.setattr(sealed, "ROUNDS", "2048")
    return HostConfig(
        environment="qa",
        host="main",
        directory=tmp_path / "backups",
        state=tmp_path / "state",
        retention_days=30,
        paths=(str(tmp_path / "etc"), str(tmp_path / "var"), str(tmp_path / "home/*/keys")),
        exclude=(str(tmp_path / "var/uploads"),),
        rabbitmq=True,
        passphrase=tmp_path / "key",
        bucket=tmp_path / "bucket.json",
    )


def report(config: HostConfig) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((config.state / "host.json").read_text())
    return found


def restored(config: HostConfig, kind: str, work: str, **words: Any) -> None:
    host_restore.restore(config, Namespace(verb=kind, work=work, **{"archive": None} | words))


def test_both_are_kept_sealed_with_a_checksum_and_uploaded_as_they_are(
    config: HostConfig, tmp_path: Path
) -> None:
    assert back_up(config) == 0
    assert (report(config)["result"], report(config)["problems"]) == ("ok", [])
    for kind in (ETC, DEFINITIONS):
        (archive,) = archives(config, kind)
        assert SECRET.encode() not in archive.read_bytes()
        assert archive.stat().st_mode & 0o777 == 0o600
        subprocess.run(
            ["sha256sum", "--check", "--quiet", f"{archive}.sha256"], cwd=archive.parent, check=True
        )
        uploaded = (tmp_path / "bucket").read_text().splitlines()
        assert uploaded.index(f"put {archive}.sha256") < uploaded.index(f"put {archive}")
        assert f"prune qa-main-{kind}_ 30" in uploaded
    assert "dhanman_backup_host_success 1" in (config.state / "host.prom").read_text()


def test_an_archive_holds_what_was_named_and_not_what_was_excluded(config: HostConfig) -> None:
    back_up(config)
    held = names(config, archives(config, ETC)[-1])
    assert [name for name in held if name.endswith("etc/nginx/nginx.key")]
    assert [name for name in held if name.endswith("state/packages.txt")]
    assert not [name for name in held if "uploads" in name]


def test_a_broker_that_is_down_fails_the_run_by_name_and_the_files_are_kept(
    config: HostConfig, tmp_path: Path
) -> None:
    (tmp_path / "down").touch()
    assert back_up(config) == 1
    assert report(config)["problems"] == ["no good backup of definitions: rabbitmqctl: exit status 1"]
    assert (len(archives(config, ETC)), archives(config, DEFINITIONS)) == (1, [])
    assert not list(config.directory.glob(".*"))


def test_definitions_that_are_none_do_not_count(config: HostConfig, tmp_path: Path) -> None:
    (tmp_path / "definitions").write_text('{"error": "no"}')
    assert back_up(config) == 1
    assert "holds no definitions" in report(config)["problems"][0]


def test_a_bucket_that_cannot_be_reached_fails_the_run_and_the_archive_stays(
    config: HostConfig, tmp_path: Path
) -> None:
    (tmp_path / "unreachable").touch()
    assert back_up(config) == 1
    assert len(report(config)["problems"]) == 2
    assert len(archives(config, ETC)) == 1


def test_old_archives_go_only_after_a_good_new_one(config: HostConfig, tmp_path: Path) -> None:
    old = {}
    for kind in (ETC, DEFINITIONS):
        old[kind] = config.directory / f"qa-main-{kind}_20200101_020000{host_backup.SUFFIXES[kind]}"
        for path in (old[kind], Path(f"{old[kind]}.sha256")):
            path.write_text("old")
            os.utime(path, (time.time() - 31 * 86400,) * 2)
    (tmp_path / "down").touch()
    back_up(config)
    assert (old[ETC].exists(), Path(f"{old[ETC]}.sha256").exists(), old[DEFINITIONS].exists()) == (
        False,
        False,
        True,
    )


def test_what_a_killed_run_left_is_removed(config: HostConfig) -> None:
    left = config.directory / ".qa-main-etc.partial.sha256"
    left.write_text("half")
    assert back_up(config) == 0
    assert not left.exists()


def test_files_that_go_on_changing_fail_the_run(config: HostConfig, tmp_path: Path) -> None:
    tar = tmp_path / "bin/tar"
    tar.write_text('#!/bin/bash\n[ "$1" = --create ] && { echo x; exit 1; }\n')
    tar.chmod(0o755)
    assert back_up(config) == 1
    assert "files go on changing" in report(config)["problems"][0]


def test_another_passphrase_or_a_flipped_byte_opens_nothing(config: HostConfig) -> None:
    back_up(config)
    (archive,) = archives(config, ETC)
    other = config.state / "other"
    other.write_text("another\n")
    with pytest.raises(Failure, match="another passphrase"), sealed.opened(archive, other) as stream:
        stream.read()
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(bytes(content))
    with pytest.raises(Failure, match="SHA-256 is another"):
        host_restore.choose(config, ETC, None)
    Path(f"{archive}.sha256").unlink()
    with pytest.raises(Failure):
        names(config, archive)


def test_a_path_comes_back_as_it_was_and_what_was_there_is_kept(config: HostConfig, tmp_path: Path) -> None:
    back_up(config)
    place = tmp_path / "etc/nginx"
    (place / "nginx.key").write_text("changed")
    (place / "stranger").write_text("not there before")
    restored(config, ETC, "restore", paths=[str(place)])
    assert [path.name for path in place.iterdir()] == ["nginx.key"]
    assert (place / "nginx.key").read_text() == SECRET
    assert (place / "nginx.key").stat().st_mode & 0o777 == 0o640
    (kept,) = config.state.glob("before-*")
    was = kept / place.relative_to("/")
    assert ((was / "nginx.key").read_text(), (was / "stranger").exists()) == ("changed", True)
    assert not [path for path in place.parent.iterdir() if path.name.startswith(".")]


def test_a_path_that_is_gone_comes_back(config: HostConfig, tmp_path: Path) -> None:
    back_up(config)
    (tmp_path / "etc/hostname").unlink()
    restored(config, ETC, "restore", paths=[str(tmp_path / "etc/hostname")])
    assert (tmp_path / "etc/hostname").read_text() == "main\n"


def test_a_path_that_is_in_no_archive_changes_nothing(config: HostConfig, tmp_path: Path) -> None:
    back_up(config)
    wanted = [str(tmp_path / "etc/hostname"), str(tmp_path / "etc/not-there")]
    (tmp_path / "etc/hostname").write_text("other\n")
    with pytest.raises(Failure, match="could not be unpacked"):
        restored(config, ETC, "restore", paths=wanted)
    assert (tmp_path / "etc/hostname").read_text() == "other\n"


@pytest.mark.parametrize("path", ["/etc", "/", "nginx", "/etc/../root"])
def test_a_whole_host_or_a_vague_path_is_not_put_back(config: HostConfig, path: str) -> None:
    back_up(config)
    with pytest.raises(Failure):
        restored(config, ETC, "restore", paths=[path])


def test_an_archive_is_unpacked_into_a_folder_that_is_empty_and_for_root_alone(
    config: HostConfig, tmp_path: Path
) -> None:
    back_up(config)
    folder = tmp_path / "unpacked"
    restored(config, ETC, "extract", to=folder, paths=[])
    assert (folder / tmp_path.relative_to("/") / "etc/nginx/nginx.key").read_text() == SECRET
    assert folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(Failure, match="is not empty"):
        restored(config, ETC, "extract", to=folder, paths=[])


def test_definitions_are_given_to_the_broker_as_they_were_or_written_for_root_alone(
    config: HostConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    back_up(config)
    assert definitions(config, archives(config, DEFINITIONS)[-1]) == HELD
    restored(config, DEFINITIONS, "restore")
    assert json.loads((tmp_path / "imported").read_text()) == HELD
    restored(config, DEFINITIONS, "extract", to=tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == HELD
    assert (tmp_path / "out.json").stat().st_mode & 0o777 == 0o600
    restored(config, DEFINITIONS, "list")
    assert "users" in capsys.readouterr().out


def test_without_an_archive_the_next_step_is_said(config: HostConfig) -> None:
    with pytest.raises(Failure, match="no archive of etc"):
        restored(config, ETC, "list")


def test_a_host_without_the_broker_keeps_its_files_alone(config: HostConfig) -> None:
    assert back_up(dataclasses.replace(config, rabbitmq=False)) == 0
    assert archives(config, DEFINITIONS) == []
