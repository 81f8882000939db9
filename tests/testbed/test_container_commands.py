from __future__ import annotations

from pathlib import Path

import pytest

from testbed import container_commands as commands
from testbed.driver_container import build_context, fill_identity, reaches_containers
from testbed.image import Recipe
from testbed.paths import PACKAGE, Clone

CLONE = Clone(state=Path("/srv/clone/.local/testbed"))


def _create(engine: str, *, publish: bool) -> list[str]:
    address = None if publish else "10.77.0.11"
    return commands.create(engine, CLONE, "web", image="dhanman-testbed:x", hostname="web", address=address)


def test_a_container_runs_systemd_with_a_control_group_tree_of_its_own() -> None:
    command = _create("docker", publish=False)
    box = f"tb{CLONE.digest}-web"
    assert command[:6] == ["docker", "create", "--name", box, "--hostname", "web"]
    assert command[command.index("--cgroupns") + 1] == "private"
    assert "--privileged" in command
    assert command[command.index("--ip") + 1] == "10.77.0.11"
    assert command[-2:] == ["dhanman-testbed:x", "/sbin/init"]
    assert "--publish" not in command


def test_a_port_is_published_on_loopback_alone() -> None:
    command = _create("docker", publish=True)
    assert command[command.index("--publish") + 1] == "127.0.0.1::22"
    assert "--ip" not in command


def test_a_reboot_starts_a_container_again() -> None:
    command = _create("docker", publish=False)
    assert command[command.index("--restart") + 1] == "on-failure"


def test_podman_is_told_that_systemd_runs_inside() -> None:
    assert "--systemd=always" in _create("podman", publish=False)
    assert "--systemd=always" not in _create("docker", publish=False)


def test_a_refreshed_image_uses_no_cached_layer() -> None:
    command = commands.build("docker", "tag", "trixie", Path("/ctx"), refresh=True)
    assert command[:5] == ["docker", "build", "--quiet", "--no-cache", "--pull"]
    assert "SUITE=trixie" in command
    assert command[-3:] == ["--tag", "tag", "/ctx"]


def test_the_dockerfile_takes_each_build_argument() -> None:
    text = (PACKAGE / "Dockerfile").read_text()
    command = commands.build("docker", "tag", "trixie", Path("/ctx"), refresh=False)
    for pair in [command[at + 1] for at, word in enumerate(command) if word == "--build-arg"]:
        assert f"ARG {pair.split('=', maxsplit=1)[0]}\n" in text


def test_the_build_folder_holds_all_that_the_dockerfile_copies(tmp_path: Path) -> None:
    context = build_context(Recipe.here("trixie"), tmp_path)
    for line in (PACKAGE / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY "):
            assert (context / line.split()[1]).exists(), line


def test_no_delay_removes_the_queue() -> None:
    assert commands.latency("eth0", 180) == "tc qdisc replace dev eth0 root netem delay 180ms"
    assert commands.latency("eth0", 0).startswith("tc qdisc delete dev eth0 root")


def test_the_published_port_is_read_from_the_first_line() -> None:
    assert commands.published_port("127.0.0.1:49153\n[::1]:49153\n") == 49153


@pytest.mark.parametrize(
    ("engine", "info", "reachable"),
    [
        ("docker", {"OperatingSystem": "Debian GNU/Linux 13", "SecurityOptions": ["name=seccomp"]}, True),
        ("docker", {"OperatingSystem": "Docker Desktop"}, False),
        ("docker", {"OperatingSystem": "Debian", "SecurityOptions": ["name=rootless"]}, False),
        ("podman", {"host": {"security": {"rootless": False}}}, True),
        ("podman", {"host": {"security": {"rootless": True}}}, False),
    ],
)
def test_containers_are_reached_by_address_only_where_they_share_the_machine(
    engine: str, info: dict[str, object], reachable: bool
) -> None:
    assert reaches_containers(engine, info) is reachable


def test_keys_are_laid_out_for_root_alone(tmp_path: Path) -> None:
    key = tmp_path / "ssh_host_ed25519_key"
    key.write_text("private")
    key.chmod(0o600)
    key.with_suffix(".pub").write_text("public")
    root = fill_identity(tmp_path / "root", key, "ssh-ed25519 AAAA testbed")
    assert (root / "etc/ssh/ssh_host_ed25519_key").stat().st_mode & 0o777 == 0o600
    assert (root / "root/.ssh/authorized_keys").read_text() == "ssh-ed25519 AAAA testbed\n"
    assert (root / "root/.ssh").stat().st_mode & 0o777 == 0o700


def test_folders_above_the_keys_stay_open_to_services(tmp_path: Path) -> None:
    key = tmp_path / "ssh_host_ed25519_key"
    for file in (key, key.with_suffix(".pub")):
        file.write_text("key")
    closed = tmp_path / "root"
    closed.mkdir(mode=0o700)
    root = fill_identity(closed, key, "ssh-ed25519 AAAA testbed")
    assert [path.stat().st_mode & 0o777 for path in (root, root / "etc", root / "etc/ssh")] == [0o755] * 3
