"""The disk image of a bare server, as an unpacked tree that hosts use read-only under their own layer.

It holds what a cloud image has and no Python, and neither keys nor a name: those go into each host's own
layer. All clones of a user share it, under a folder named for the suite and a digest of all that it is built
from.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from testbed import apt
from testbed.errors import TestbedError
from testbed.paths import PACKAGE, cache_dir
from testbed.process import locked, run
from testbed.progress import note, step

PACKAGES = (
    "systemd",
    "systemd-sysv",
    "libpam-systemd",
    "dbus",
    "openssh-server",
    "sudo",
    "ca-certificates",
    "curl",
    "iproute2",
)
# Each takes boot time, or a device that a test host lacks.
MASKED_UNITS = (
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "systemd-networkd.service",
    "systemd-networkd.socket",
    "systemd-networkd-wait-online.service",
    "console-getty.service",
    "getty.target",
    "sshd-keygen.service",
)
# These take the package manager's lock at a random moment; what is deployed may enable them.
DISABLED_UNITS = ("apt-daily.timer", "apt-daily-upgrade.timer")
FILES = PACKAGE / "files"
STAND_INS = FILES / "sysctl-stand-ins"
STAND_INS_UNIT = FILES / "sysctl-stand-ins.service"
PERSON_FILES = (FILES / "as-root", FILES / "add-person")
"""The shell of the user who looks after a host (``testbed.ssh.PERSON``), and what adds that user."""
_OLD_AFTER_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that an image is built from; its digest names the image."""

    suite: str
    settings: apt.AptSettings
    certificates: tuple[str, ...]

    @staticmethod
    def here(suite: str) -> Recipe:
        """The recipe for a suite with this machine's mirror, options and certificate authorities."""
        if suite not in apt.SUITES:
            raise TestbedError(f"there is no suite '{suite}': choose one of {', '.join(apt.SUITES)}")
        return Recipe(suite=suite, settings=apt.machine_settings(), certificates=apt.machine_certificates())

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits over every input of the build."""
        inputs = [
            self.suite,
            *self.settings.sources(self.suite),
            self.settings.configuration(),
            *self.certificates,
            *PACKAGES,
            *MASKED_UNITS,
            *DISABLED_UNITS,
            STAND_INS.read_text(),
            STAND_INS_UNIT.read_text(),
            *(file.read_text() for file in PERSON_FILES),
        ]
        return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()[:12]

    @property
    def folder(self) -> Path:
        """The image's folder in the cache."""
        return cache_dir() / f"{self.suite}-{self.digest}"


def ensure(suite: str, *, refresh: bool = False) -> Path:
    """Return the root folder of the suite's image; build it if it is missing or a fresh one is asked for.

    A refreshed image gets a folder of its own: hosts that run on the former one keep it.
    """
    recipe = Recipe.here(suite)
    with locked(cache_dir() / f"{recipe.folder.name}.lock"):
        current = _current(recipe)
        if current is None or refresh:
            current = _build(recipe)
        age = (time.time() - current.stat().st_mtime) / 86400
        if age > _OLD_AFTER_DAYS:
            note(f"the {suite} image is {age:.0f} days old; renew it with image --refresh")
        return current / "root"


def _current(recipe: Recipe) -> Path | None:
    builds = sorted(recipe.folder.glob("build-*"), key=lambda path: int(path.name.removeprefix("build-")))
    return builds[-1] if builds else None


def _build(recipe: Recipe) -> Path:
    recipe.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = recipe.folder / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    with step(f"building the {recipe.suite} image (once, about 20 s)"):
        _debootstrap(recipe, partial)
        finish_tree(recipe, partial / "root")
    previous = _current(recipe)
    number = int(previous.name.removeprefix("build-")) + 1 if previous else 1
    target = recipe.folder / f"build-{number}"
    partial.rename(target)
    return target


def _debootstrap(recipe: Recipe, folder: Path) -> None:
    log = recipe.folder / "build.log"
    with log.open("w") as output:
        done = subprocess.run(
            debootstrap_command(recipe, folder / "root"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            # the folder is closed to others, and mmdebstrap must not inherit a test runner's temporary folder
            env={**os.environ, "TMPDIR": "/var/tmp"},
        )
    if done.returncode != 0:
        tail = log.read_text(errors="replace").strip().splitlines()
        errors = [line for line in tail if line.startswith("E:")] or tail[-1:] or ["no message"]
        raise TestbedError(f"mmdebstrap failed: {errors[0]} (all of it: {log})")


def debootstrap_command(recipe: Recipe, root: Path) -> list[str]:
    """The mmdebstrap call that unpacks a suite with its packages into ``root``."""
    options = [f"--aptopt={line}" for line in recipe.settings.options]
    return [
        "mmdebstrap",
        "--variant=minbase",
        "--format=directory",
        f"--include={','.join(PACKAGES)}",
        f"--keyring={apt.KEYRING}",
        "--dpkgopt=force-unsafe-io",
        '--aptopt=Acquire::Languages "none"',
        *options,
        recipe.suite,
        str(root),
        *recipe.settings.sources(recipe.suite),
    ]


def finish_tree(recipe: Recipe, root: Path) -> None:
    """Turn a fresh root tree into a bare server without keys, name or identity."""
    configuration = root / "etc/apt/apt.conf.d/90testbed"
    configuration.write_text(recipe.settings.configuration() + 'DPkg::Lock::Timeout "120";\n')
    if recipe.certificates:
        folder = root / "usr/local/share/ca-certificates"
        folder.mkdir(parents=True, exist_ok=True)
        have = set(apt.certificates_in((root / "etc/ssl/certs/ca-certificates.crt").read_text()))
        for number, text in enumerate(text for text in recipe.certificates if text not in have):
            (folder / f"this-machine-{number}.crt").write_text(text)
        run(["chroot", str(root), "update-ca-certificates"])
    units = root / "etc/systemd/system"
    for unit in MASKED_UNITS:
        mask = units / unit
        mask.unlink(missing_ok=True)
        mask.symlink_to("/dev/null")
    run(["chroot", str(root), "systemctl", "disable", "--quiet", *DISABLED_UNITS])
    _install_stand_ins(root)
    _add_person(root)
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for file in ("etc/hostname", "etc/resolv.conf", "usr/sbin/policy-rc.d"):
        with contextlib.suppress(FileNotFoundError):
            (root / file).unlink()
    (root / "etc/machine-id").write_text("")  # systemd makes one at the first boot


def _add_person(root: Path) -> None:
    folder = root / "usr/local/lib/testbed"
    for file in PERSON_FILES:
        shutil.copyfile(file, folder / file.name)
        (folder / file.name).chmod(0o755)
    run(["chroot", str(root), f"/usr/local/lib/testbed/{PERSON_FILES[1].name}"])


def _install_stand_ins(root: Path) -> None:
    program = root / "usr/local/lib/testbed" / STAND_INS.name
    program.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(STAND_INS, program)
    program.chmod(0o755)
    units = root / "etc/systemd/system"
    shutil.copyfile(STAND_INS_UNIT, units / STAND_INS_UNIT.name)
    wants = units / "sysinit.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / STAND_INS_UNIT.name).symlink_to(f"../{STAND_INS_UNIT.name}")
