"""No secret is anywhere that it need not be: searched for by its real value, after good and failing runs."""

from __future__ import annotations

import subprocess
import threading

import pytest

from tests.acceptance.world import World

pytestmark = pytest.mark.host

CANARY = "canary-7f3e9a51c0d24b68"
WITH_CANARY = {"services": {"sales": {"secrets": {"Mail.ApiKey": CANARY}}}}


def test_no_secret_is_seen_anywhere(world: World) -> None:
    samples: list[str] = []
    done = threading.Event()

    def watch() -> None:
        # the processes of a test host are those of this machine as well
        while not done.wait(0.05):
            listing = subprocess.run(
                ["ps", "axww", "-o", "args"], capture_output=True, text=True, check=False
            )
            samples.append(listing.stdout)

    watcher = threading.Thread(target=watch)
    with world.changed(WITH_CANARY):
        watcher.start()
        try:
            world.up()
            failing = {"services": {"sales": {**WITH_CANARY["services"]["sales"], "readyTimeout": 3}}}
            failing["services"]["sales"]["settings"] = {"Sample": {"FailReady": True}}
            world.configure(failing)
            assert "not within 3 s" in world.up(check=False)
        finally:
            done.set()
            watcher.join()
        secrets = [*world.secrets().values(), CANARY, world.host.private_key_file.read_text().splitlines()[2]]
        assert len(secrets) == 6
        state = world.state_file.read_text()
        said = "".join(world.outputs)
        processes = "".join(samples)
        journal = world.run("journalctl --quiet --no-pager")
        for secret in secrets:
            for name, text in (
                ("state", state),
                ("output", said),
                ("processes", processes),
                ("journal", journal),
            ):
                assert secret not in text, f"a secret is in the {name}"
        readable = "find / -xdev -type f -not -path '/proc/*' -readable -size -4M -print0 2>/dev/null"
        for secret in secrets:
            search = f"{readable} | xargs -0 grep -lF -- '{secret}' 2>/dev/null; true"
            found = world.host.run(["runuser", "-u", "nobody", "--", "sh", "-c", search]).stdout
            assert found == "", "others can read a secret"


def test_the_secret_is_where_the_service_reads_it(world: World) -> None:
    with world.changed(WITH_CANARY):
        world.up()
        path = world.settings_file("sales")
        assert CANARY in world.run(f"cat {path}")
        assert world.run(f"stat -c '%a %U' {path}").split() == ["400", "dhanman-sales-local"]
