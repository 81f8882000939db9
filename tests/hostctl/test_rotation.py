from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hostctl import rotation
from hostctl.errors import HostError


def _kept(path: Path) -> str:
    numbers = sorted((int(p.suffixes[-2][1:]) for p in path.parent.glob(f"{path.name}.*.gz")), reverse=True)
    return "".join(gzip.open(f"{path}.{n}.gz", "rt").read() for n in numbers)


@pytest.fixture(autouse=True)
def _no_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "_running", lambda _pattern: [])


def test_older_logs_move_up_and_the_oldest_goes(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    for text in ("1\n", "2\n", "3\n"):
        log.write_text(text)
        rotation.rotate(log, "x.service", 2)
    assert _kept(log) == "2\n3\n"
    assert log.read_text() == ""


def test_lines_of_a_run_that_was_broken_off_are_not_lost(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    (tmp_path / ".x.log.rotated").write_text("1\n")
    log.write_text("2\n")
    rotation.rotate(log, "x.service", 5)
    assert _kept(log) == "1\n2\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.log", "x.log.1.gz", "x.log.2.gz"]


def test_a_writer_that_appends_all_the_time_loses_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "x.log"
    code = "import sys\nf = open(sys.argv[1], 'a', buffering=1)\nfor n in range(30000): f.write(f'{n}\\n')"
    writer = subprocess.Popen([sys.executable, "-c", code, str(log)])
    # freezing a cgroup needs a host; stopping the process is the same to the writer
    monkeypatch.setattr(rotation, "_running", lambda _pattern: ["x.service"])

    def stop(argv: list[str], **_more: object) -> None:
        writer.send_signal(19 if argv[1] == "freeze" else 18)
        if argv[1] == "freeze":
            while Path(f"/proc/{writer.pid}/stat").read_text().split()[2] not in "TZ":
                pass

    monkeypatch.setattr(rotation, "run", stop)
    while writer.poll() is None:
        if log.is_file() and log.stat().st_size:
            rotation.rotate(log, "x.service", 100000)
    assert (_kept(log) + log.read_text()).split() == [str(n) for n in range(30000)]


def test_a_log_is_due_when_it_is_large_or_its_day_is_over(tmp_path: Path) -> None:
    log, config = tmp_path / "sales.log", tmp_path / "sales.json"
    log.write_text("line\n")
    config.write_text("{}")
    day_ago = time.time() - rotation.DAY - 1
    assert not rotation._is_due(log, 100, config)
    assert rotation._is_due(log, 5, config)
    os.utime(config, (day_ago, day_ago))
    assert rotation._is_due(log, 100, config)
    (tmp_path / "sales.log.1.gz").write_bytes(b"")
    assert not rotation._is_due(log, 100, config)


def test_a_service_that_cannot_be_thawed_at_once_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    def run(argv: list[str], **_: object) -> None:
        tries.append(argv[1])
        if len(tries) < 3:
            raise HostError("busy", hint="wait")

    monkeypatch.setattr(rotation, "run", run)
    rotation._thaw("one.service")
    assert tries == ["thaw"] * 3
