"""What a preview announces is what the run then does: thing by thing, and with the same reloads and restarts."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from hostctl.kinds import KINDS
from tests.acceptance.world import STACK, World

pytestmark = pytest.mark.host

THING = re.compile(rf"^ +((?:{'|'.join(KINDS)}):\S+?)(?:: .*)?$")
ACTION = re.compile(r"\b((?:reload|restart(?! needed)|tmpfiles|sysctl) [\w@./-]+|daemon-reload)")
RESTART = re.compile(r"PostgreSQL restart needed: (.*)")


@dataclass(frozen=True)
class Told:
    """Things and actions of one unit, as a text tells them."""

    things: frozenset[str]
    actions: frozenset[str]
    restart: frozenset[str]

    @classmethod
    def of(cls, text: str, actions: str) -> Told:
        """``actions``: the part that names the actions."""
        words = actions.replace("reload PostgreSQL", "reload").replace("postgres-reload", "reload")
        lines = [line for line in text.splitlines() if "if the new release" not in line]
        return cls(
            things=frozenset(m[1] for line in lines if (m := THING.match(line))),
            actions=frozenset(m[1] for m in ACTION.finditer(words)),
            restart=frozenset(m[1] for m in RESTART.finditer(text)),
        )


def announced(world: World) -> tuple[dict[str, Told], str]:
    """What a preview says of each unit that changes, by the unit's resource; and all of its text."""
    answer = json.loads(world.pulumi("preview", "--stack", STACK, "--json").stdout)
    texts = {
        d["urn"].rsplit("::", 1)[-1]: d["message"] for d in answer["diagnostics"] if d["severity"] == "info"
    }
    changing = {s["urn"].rsplit("::", 1)[-1] for s in answer["steps"] if s["op"] != "same"}
    assert set(texts) <= changing
    told = {name: Told.of(text, text.partition("and then:")[2]) for name, text in texts.items()}
    return told, "\n".join(texts.values())


def done(world: World, names: set[str]) -> dict[str, Told]:
    """What ``hostctl`` said that it did, by the unit's resource."""
    exported = json.loads(world.pulumi("stack", "export", "--stack", STACK).stdout)
    outputs = {
        r["urn"].rsplit("::", 1)[-1]: r.get("outputs", {}) for r in exported["deployment"]["resources"]
    }
    # the result names only what was really done: not the reload of a unit that does not run
    return {name: Told.of(outputs[name]["stderr"], outputs[name]["stdout"]) for name in names}


CHANGES: dict[str, Mapping[str, Any]] = {
    "reloads, a limit, a timer, a memory setting": {
        "gateway": {"clientMaxBodySize": "33MiB"},
        "services": {"sales": {"memoryMax": "200MiB"}},
        "postgres": {"workMem": "9MiB"},
        "backup": {"schedule": "03:30"},
        "rabbitmq": {"memory": "300MiB"},
    },
    "a restart, a link and a file, a service's own setting, releases": {
        "postgres": {"settings": {"max_locks_per_transaction": 81}},
        "hosts": {"local": {"timeZone": "Asia/Kolkata"}},
        "services": {"common": {"settings": {"Feature": {"On": True}}}, "sales": {"version": "1.0.1"}},
        "frontend": {"version": "1.0.1"},
    },
    "networks in three units, and a package": {
        "network": {"privateRanges": ["10.0.0.0/8", "192.168.0.0/16"]},
        "runtime": {"packages": ["python3", "python3-psycopg", "python3-pika", "tree"]},
    },
}
"""Of each kind of change one; each is held against its own unit. Together, since every run takes its time."""


SLOW = ("networks in three units, and a package",)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(settings, id=what, marks=[pytest.mark.slow] if what in SLOW else [])
        for what, settings in CHANGES.items()
    ],
)
def test_a_preview_announces_what_the_run_does(world: World, settings: Mapping[str, Any]) -> None:
    with world.changed(settings):
        told, _ = announced(world)
        assert len(told) >= len(settings)
        world.up()
        assert done(world, set(told)) == told


def test_what_was_edited_by_hand_is_shown_line_by_line_and_put_back_as_announced(world: World) -> None:
    world.run(
        "sed -i 's/ssl_protocols.*/ssl_protocols TLSv1;/' /etc/nginx/dhanman/tls.conf;"
        " sed -i 's/^max_connections.*/max_connections = 7/' /etc/postgresql/18/main/conf.d/dhanman.conf;"
        " sysctl -qw vm.swappiness=61; rm /etc/dhanman/logs.d/dhanman-sales-local.json;"
        f" chmod 0644 {world.settings_file('payroll')}"
    )
    told, text = announced(world)
    assert {"gateway-nginx", "postgres-server", "local-base", "sales-service", "payroll-service"} == set(told)
    assert "-    ssl_protocols TLSv1;" in text or "-ssl_protocols TLSv1;" in text
    assert "--- local:/etc/nginx/dhanman/tls.conf" in text
    assert "-max_connections = 7" in text
    assert told["postgres-server"].restart == frozenset(), "the server never read it, and needs no restart"
    world.up()
    assert done(world, set(told)) == told
    assert world.preview() == []


def test_secret_content_is_never_shown_only_that_it_differs(world: World) -> None:
    path = world.settings_file("sales")
    word = world.run(f"grep -o 'Password=[^;]*' {path} | head -1").strip()
    world.run(f"echo canary-{word[-8:]} >>{path}")
    told, text = announced(world)
    assert "deployment:/opt/dhanman/local/sales: settings were changed" in text
    assert "canary" not in text
    assert word.partition("=")[2] not in text
    world.up()
    assert done(world, set(told)) == told


def test_a_long_difference_is_cut_and_says_by_how_much(world: World) -> None:
    world.run("seq -f '# line %g' 500 >>/etc/nginx/dhanman/tls.conf")
    _, text = announced(world)
    more = re.search(r"\.\.\. and (\d+) more lines", text)
    assert more
    assert 440 < int(more[1]) < 500
    assert text.count("# line") < 50
    world.up()


def test_a_failing_forecast_says_why_before_anything_is_done(world: World) -> None:
    release = {"services": {"sales": {"artifact": {"path": "samples/other"}}}}
    other = world.project / "samples/other"
    shutil.copytree(world.project / "samples/service", other)
    (other / "more").write_text("other content, same version\n")
    with world.changed(release):
        _, text = announced(world)
    assert (
        "this will fail: version 1.1.0 of /opt/dhanman/local/sales is on the host with other content" in text
    )
