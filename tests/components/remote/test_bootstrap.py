"""What makes a bare server one that units can be applied to."""

from __future__ import annotations

import getpass
import io
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from components.naming import HOSTCTL
from components.remote import Bootstrap, BootstrapArgs, Login
from components.remote.bootstrap import bootstrap_script, install_script
from components.remote.first_login import FirstLogin
from components.remote.program import SOURCE, program_archive
from tests import debian
from tests.components.recording import Recording, record
from tests.components.settings.example import HOST_KEY

KEYS = ("ssh-ed25519 AAAA one", "ssh-ed25519 AAAA it's two")


def bootstrap(user: str, deploy_user: str = "deploy") -> Recording:
    login = Login(address="192.0.2.1", port=22, host_key=HOST_KEY, private_key=None)
    args = BootstrapArgs(
        login=login,
        bootstrap_user=user,
        deploy_user=deploy_user,
        deploy_keys=KEYS,
        adopt=False,
        delete_data=False,
    )
    return record(lambda: Bootstrap("one-bootstrap", "one", args))


@pytest.mark.parametrize("user", ["root", "debian"])
def test_the_deploy_user_is_asked_before_the_first_one_and_neither_for_a_deletion(user: str) -> None:
    first = bootstrap(user)["one-bootstrap-user"]
    assert first.type == "command:local:Command"
    assert first.plain("create") == "timeout 25m .venv/bin/python -m components.remote.first_login"
    assert first.is_secret("stdin")
    assert FirstLogin.parse(first.plain("stdin")).users == ("deploy", user)
    assert not first.inputs.keys() & {"delete", "update"}


def test_where_root_deploys_it_is_asked_once() -> None:
    first = bootstrap("root", deploy_user="root")["one-bootstrap-user"]
    assert FirstLogin.parse(first.plain("stdin")).users == ("root",)


def test_the_program_is_installed_as_the_deploy_user_after_it_is_there() -> None:
    recording = bootstrap("root")
    program = recording["one-bootstrap-hostctl"]
    assert program.plain("connection")["user"] == "deploy"
    assert "one-bootstrap-user" in recording.before("one-bootstrap-hostctl")
    assert program.plain("delete").endswith(f"{HOSTCTL} uninstall")


def test_the_archive_is_equal_byte_for_byte_whatever_the_times_of_its_files(tmp_path: Path) -> None:
    copy = tmp_path / "hostctl"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    os.utime(copy / "__main__.py", (1, 1))
    assert program_archive(copy) == program_archive()
    (copy / "errors.py").write_text("# other\n")
    assert program_archive(copy) != program_archive()


def test_the_archive_holds_the_program_and_nothing_else() -> None:
    names = zipfile.ZipFile(io.BytesIO(program_archive())).namelist()
    assert "hostctl/__main__.py" in names
    assert {Path(name).suffix for name in names} == {".py"}


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_both_scripts_are_read_by_a_posix_shell(shell: str) -> None:
    for text in (bootstrap_script("deploy", KEYS), install_script(program_archive(), "deploy")):
        done = subprocess.run([shell, "-n"], input=text, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_shellcheck_finds_nothing() -> None:
    shellcheck = debian.needed("shellcheck", "usr/bin/shellcheck")
    for text in (bootstrap_script("deploy", KEYS), install_script(program_archive(), "deploy")):
        done = subprocess.run(
            [shellcheck, "--shell=sh", "-"], input=text, capture_output=True, text=True, check=False
        )
        assert done.stdout == ""


def test_a_key_with_a_quote_reaches_the_script_whole() -> None:
    head = bootstrap_script("deploy", KEYS).split("# Makes")[0]
    script = f"{head}printf '%s' \"$authorized\""
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "\n".join(KEYS)


def install(root: Path, archive: bytes) -> subprocess.CompletedProcess[str]:
    """Run the script with the host's folders replaced by folders below ``root``."""
    text = install_script(archive, getpass.getuser())
    for path in ("/usr/local/lib/dhanman", "/var/lib/dhanman", "/etc/systemd/system"):
        (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        text = text.replace(path, f"{root}{path}")
    (root / "etc/systemd/system").mkdir(exist_ok=True)
    (root / "bin").mkdir(exist_ok=True)
    (root / "bin/systemctl").write_text(f'#!/bin/sh\necho "$*" >>{root}/systemctl.log\n')
    (root / "bin/systemctl").chmod(0o755)
    environment = os.environ | {"PATH": f"{root / 'bin'}:{os.environ['PATH']}"}
    return subprocess.run(
        ["sh", "-s"], input=text, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="the script uses the system's own python3")
def test_the_installed_program_runs_and_a_new_version_replaces_the_old(tmp_path: Path) -> None:
    done = install(tmp_path, program_archive())
    assert done.returncode == 0, done.stderr
    program = tmp_path / HOSTCTL[1:]
    said = subprocess.run([program, "nonsense"], capture_output=True, text=True, check=False)
    assert said.returncode == 2
    assert said.stderr.startswith("usage: hostctl")
    (first,) = program.parent.glob("hostctl-*")

    copy = tmp_path / "source/hostctl"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "__main__.py").write_text("def main(words):\n    print('new')\n    return 0\n")
    assert install(tmp_path, program_archive(copy)).returncode == 0
    (second,) = program.parent.glob("hostctl-*")
    assert first != second
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "new\n"
    calls = (tmp_path / "systemctl.log").read_text().splitlines()
    assert calls == ["daemon-reload", "enable --quiet dhanman-recover.service"], "enabled once, not again"


@pytest.mark.parametrize(
    ("failures", "words", "status"),
    [
        (2, "E: Could not get lock /var/lib/apt/lists/lock.", 0),
        (3, "E: Failed to fetch http://mirror/x  Could not connect", 0),
        (9, "E: Failed to fetch http://mirror/x  Could not connect", 1),
        (1, "E: Failed to fetch http://mirror/x  404  Not Found", 1),
        (1, "E: Unmet dependencies", 1),
    ],
)
def test_apt_is_asked_again_while_its_lock_is_held_or_a_mirror_fails_for_a_moment_and_only_then(
    tmp_path: Path, failures: int, words: str, status: int
) -> None:
    count = tmp_path / "count"
    count.write_text("0")
    fake = (
        f"#!/bin/sh\nn=$(($(cat {count}) + 1)); echo $n >{count}\n"
        f"[ $n -gt {failures} ] || {{ echo '{words}'; exit 100; }}\n"
    )
    for name, text in (("apt-get", fake), ("sleep", "#!/bin/sh\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    functions = bootstrap_script("deploy", KEYS).split("\n[ ")[0]
    done = subprocess.run(
        ["sh"],
        input=f"{functions}\npatiently $apt update",
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    assert done.returncode == status
    assert int(count.read_text()) == (failures + 1 if status == 0 else min(failures, 4))
    assert (words in done.stderr) == (status != 0)
