"""Who gets in: the deploy user and not root, nobody who guesses, and always who deploys."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.world import World

pytestmark = pytest.mark.host

OUTSIDE = "198.51.100.79/24"
"""An address of the host beyond the private ranges (RFC 5737)."""

HOSTCTL = "/usr/local/lib/dhanman/hostctl"
CONTACTS = "/var/lib/dhanman/deploys-from"
BANNED = "nft list table inet f2b-table"
GUESSES = 3
"""Logins that fail: an unknown user and the end without a password count one each, and five are too many."""


def key(folder: Path, name: str) -> Path:
    file = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file], check=True)
    return file


class Outside:
    """This machine as the host sees it from beyond the private ranges, at ``source``."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.source = world.host.add_address(OUTSIDE)
        self._key = key(folder, "guess")

    def ssh(self, user: str, command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """With the right key."""
        argv = self.world.host.ssh_command(user=user)
        return self._run([*argv[:-1], *self._alias, f"{user}@{OUTSIDE.partition('/')[0]}", command], stdin)

    def guess(self) -> None:
        """Logins with a key that nobody knows."""
        argv = self.world.host.ssh_command(user="intruder")[:-1]
        argv[argv.index("-i") + 1] = str(self._key)
        for _ in range(GUESSES):
            done = self._run([*argv, *self._alias, f"intruder@{OUTSIDE.partition('/')[0]}", "true"])
            assert done.returncode == 255, done.stdout
            # sshd's own penalties would hold the next one off for a while
            self.world.host.exec("systemctl reset-failed ssh.service; systemctl restart ssh.service")

    @property
    def _alias(self) -> list[str]:
        return ["-o", f"HostKeyAlias={self.world.host.address}"]

    def _run(self, argv: list[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def outside(world: World, tmp_path: Path) -> Iterator[Outside]:
    """Afterwards nobody is banned, and nobody known."""
    made = Outside(world, tmp_path)
    try:
        yield made
    finally:
        world.run(f"fail2ban-client unban --all; rm -f {CONTACTS}")


def test_root_is_refused_and_who_deploys_gets_in_and_may_do_everything(world: World) -> None:
    argv = [*world.host.ssh_command(user="root"), "true"]
    root = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert root.returncode == 255
    assert "Permission denied (publickey)" in root.stderr
    assert world.host.run("sudo -n id -u", user="deploy").stdout == "0\n"


def test_a_changed_list_of_keys_is_brought_to_a_host_that_lets_root_in_no_more(
    world: World, tmp_path: Path
) -> None:
    own = world.host.private_key_file.with_name(f"{world.host.private_key_file.name}.pub").read_text().strip()
    colleague = key(tmp_path, "colleague")
    public = colleague.with_suffix(".pub").read_text().strip()
    with world.changed({"ssh": {"deployKeys": [own, public]}}):
        assert world.preview() == ["local-bootstrap-user"]
        world.up()
        argv = world.host.ssh_command(user="deploy")
        argv[argv.index("-i") + 1] = str(colleague)
        assert (
            subprocess.run([*argv, "id -un"], capture_output=True, text=True, check=True).stdout == "deploy\n"
        )
    world.run("sed -i '/ colleague$/d' /home/deploy/.ssh/authorized_keys")


def test_who_guesses_is_banned_by_nftables_and_everybody_else_gets_in(outside: Outside) -> None:
    world = outside.world
    outside.guess()
    world.wait_for(f"{BANNED} | grep -qw {outside.source}", 20)
    refused = outside.ssh("deploy", "true")
    assert refused.returncode == 255
    assert "Connection refused" in refused.stderr
    # from another address, with the same key
    assert world.host.run("id -un", user="deploy").stdout == "deploy\n"
    # the application is nobody's to lose
    name = "https://app.dhanman.test/"
    assert world.ask(name, address=OUTSIDE.partition("/")[0]).status == 200


def test_who_has_deployed_may_fail_as_often_as_it_likes(outside: Outside) -> None:
    world = outside.world
    said = outside.ssh("deploy", f"sudo -n {HOSTCTL} confirm", json.dumps({"unit": "access"}))
    assert said.stdout == "access: confirmed\n"
    assert world.run(f"cut -d' ' -f1 {CONTACTS}").split() == [outside.source]
    assert world.run(f"stat -c %a:%U {CONTACTS}") == "600:root\n"
    outside.guess()
    world.wait_for(f"grep -q 'Ignore {outside.source} by command' /var/log/fail2ban.log", 20)
    assert outside.source not in world.run(f"{BANNED} 2>/dev/null || true")
    assert outside.ssh("deploy", "id -un").stdout == "deploy\n"


def test_a_ban_is_lifted_when_a_deployment_comes_from_the_address(outside: Outside) -> None:
    world = outside.world
    world.run("fail2ban-client set sshd banip 203.0.113.9")
    world.wait_for(f"{BANNED} | grep -qw 203.0.113.9", 10)
    come = "env SSH_CONNECTION='203.0.113.9 50000 198.51.100.79 22'"
    world.run(f"""echo '{{"unit": "access"}}' | {come} {HOSTCTL} confirm""")
    world.wait_for(f"! {BANNED} | grep -qw 203.0.113.9", 10)
