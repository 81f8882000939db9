"""A restic that only answers, and a configuration that leads to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from objectctl import restic
from objectctl.config import Config

PASSPHRASE = "not-a-real-passphrase"
_FAKE = """#!/usr/bin/python3 -I
import json, os, signal, sys, time
folder = {folder!r}
words = sys.argv[2:]
with open(folder + "/calls", "a") as calls:
    calls.write(json.dumps(words) + "\\n")
answers = json.load(open(folder + "/answers"))
rows = answers.get(words[0], [])
row = rows.pop(0) if rows else [0, ""]
json.dump(answers, open(folder + "/answers", "w"))
if row[0] == "hangs":
    print(row[1], file=sys.stderr, flush=True)
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    while True:
        time.sleep(60)
print(row[1].replace("PASSPHRASE", os.environ["RESTIC_PASSWORD"]), file=sys.stderr if row[0] else sys.stdout)
sys.exit(row[0])
"""


@dataclass(frozen=True)
class Fake:
    """The program. ``answers``: for each verb, exit status and words of one call after the other.

    Instead of a status "hangs": until it is asked to end, and then 130 as restic's own.
    """

    folder: Path

    def answers(self, **rows: Sequence[tuple[int | str, str]]) -> None:
        (self.folder / "answers").write_text(json.dumps(rows))

    @property
    def calls(self) -> list[list[str]]:
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]

    @property
    def verbs(self) -> list[str]:
        return [call[0] for call in self.calls]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake(tmp_path / "restic")
    made.folder.mkdir()
    program = made.folder / "restic"
    program.write_text(_FAKE.format(folder=str(made.folder)))
    program.chmod(0o755)
    made.answers()
    monkeypatch.setitem(restic._ENVIRONMENT, "PATH", f"{made.folder}:/usr/bin:/bin")
    return made


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(
        environment="qa",
        state=tmp_path / "state",
        cache=tmp_path / "cache",
        data=tmp_path / "data",
        buckets=tmp_path / "data/buckets",
        retention_days=30,
        kind="versitygw",
        program=tmp_path / "versitygw",
        port=9000,
        credentials=tmp_path / "root.env",
        backup_unit="dhanman-object-backup-qa@backup.service",
        restic={"RESTIC_REPOSITORY": str(tmp_path / "repository"), "RESTIC_PASSWORD": PASSPHRASE},
    )
