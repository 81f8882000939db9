"""What ``pgbackrest verify`` says, and what of it is damage."""

from __future__ import annotations

from backupctl.physical import damage

SOUND = """stanza: qa
status: ok
  archiveId: 18-1, total WAL checked: 74, total valid WAL: 74
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: 20261126-140953F, status: valid, total files checked: 2768, total valid files: 2768
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
"""


def test_a_sound_repository_has_none() -> None:
    assert damage(SOUND) == []


def test_each_line_that_tells_of_damage_is_kept() -> None:
    broken = SOUND.replace("status: ok", "status: error").replace("status: valid", "status: invalid")
    broken = broken.replace("checksum invalid: 0", "checksum invalid: 12", 1)
    assert [line.split(",")[0] for line in damage(broken)] == [
        "status: error",
        "missing: 0",
        "backup: 20261126-140953F",
    ]
