from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from testbed import debs


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _host(tmp_path: Path, name: str, *archives: str) -> Path:
    folder = tmp_path / name / debs.ARCHIVES
    (folder / "partial").mkdir(parents=True)
    for archive in archives:
        (folder / archive).write_text(archive)
    return tmp_path / name


def test_what_one_host_downloaded_the_next_one_has(tmp_path: Path) -> None:
    assert debs.harvest("trixie", _host(tmp_path, "one", "nginx_1_amd64.deb", "lock")) == 1
    fresh = tmp_path / "two"
    fresh.mkdir()
    assert debs.seed("trixie", fresh) == 1
    assert (fresh / debs.ARCHIVES / "nginx_1_amd64.deb").read_text() == "nginx_1_amd64.deb"


def test_an_unfinished_download_stays_out(tmp_path: Path) -> None:
    host = _host(tmp_path, "one")
    (host / debs.ARCHIVES / "partial/nginx_1_amd64.deb").write_text("half")
    assert debs.harvest("trixie", host) == 0


def test_suites_do_not_mix(tmp_path: Path) -> None:
    debs.harvest("trixie", _host(tmp_path, "one", "nginx_1_amd64.deb"))
    fresh = tmp_path / "two"
    fresh.mkdir()
    assert debs.seed("forky", fresh) == 0


def test_a_host_that_cleans_its_own_folder_leaves_the_cache_alone(tmp_path: Path) -> None:
    host = _host(tmp_path, "one", "nginx_1_amd64.deb")
    debs.harvest("trixie", host)
    (host / debs.ARCHIVES / "nginx_1_amd64.deb").unlink()
    assert (debs.folder("trixie") / "nginx_1_amd64.deb").exists()


def test_archives_leave_the_cache_after_a_month(tmp_path: Path) -> None:
    debs.harvest("trixie", _host(tmp_path, "one", "old_1_all.deb"))
    month_ago = time.time() - 31 * 86400
    os.utime(debs.folder("trixie") / "old_1_all.deb", (month_ago, month_ago))
    debs.harvest("trixie", _host(tmp_path, "two", "new_1_all.deb"))
    assert [path.name for path in debs.folder("trixie").iterdir()] == ["new_1_all.deb"]
