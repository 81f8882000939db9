"""Rotations on a real host: no login is refused, old passwords are, and no password is seen anywhere."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from components.naming import SERVICES
from components.turn import Turn
from scripts import rotate
from tests.acceptance.fixtures import ConvergedWorld
from tests.acceptance.world import STACK, World

pytestmark = pytest.mark.host

# who logs in where is then in the server's log
SETTINGS: dict[str, Any] = {"postgres": {"settings": {"log_connections": "on"}}}
YES = ("--yes", "--skip-preview")
POSTGRES_LOG, RABBITMQ_LOG = "/var/log/postgresql", "/var/log/rabbitmq"
CONTROL = "/var/tmp/control-of-the-test"
LOG_IN = """
import json, sys
wanted = json.load(sys.stdin)
try:
    if wanted["secret"] == "postgres":
        import psycopg
        psycopg.connect(host="127.0.0.1", dbname="local-dhanman-sales", user=wanted["user"],
                        password=wanted["password"]).close()
    else:
        import pika
        credentials = pika.PlainCredentials(wanted["user"], wanted["password"])
        pika.BlockingConnection(pika.ConnectionParameters(
            host="127.0.0.1", virtual_host="local", credentials=credentials)).close()
except Exception as error:
    print(type(error).__name__)
else:
    print("let in")
"""


@pytest.fixture(scope="module")
def world(converged_world: ConvergedWorld) -> World:
    """An environment of its own: a rotation can't be taken back."""
    return converged_world("rotation", SETTINGS)


def rotated(world: World, capfd: pytest.CaptureFixture[str], secret: str) -> tuple[int, str]:
    """What ``make rotate`` does, in the copy of the project: exit status and all that it said."""
    cli = rotate.Cli(
        command=(str(world.cli), "--non-interactive"), project=world.project, environment=world.environment
    )
    status = rotate.rotate(cli, secret, STACK, YES)
    said = "".join(capfd.readouterr())
    world.outputs.append(said)
    return status, said


def number(world: World, secret: str) -> int:
    """The last rotation that ended."""
    outputs = json.loads(world.pulumi("stack", "output", "--json", "--stack", STACK).stdout)
    found: int = outputs["rotation"][secret]
    return found


def active_password(world: World, secret: str) -> str:
    """What services log in with."""
    suffix = {"a": "", "b": "-b"}[Turn(number(world, secret)).slot]
    return world.secrets()[f"{secret}-password{suffix}"]


def log_in(world: World, secret: str, user: str, password: str) -> str:
    """The outcome of a real login, made on the host."""
    wanted = {"secret": secret, "user": user, "password": password}
    done = world.host.run(["python3", "-c", LOG_IN], input=json.dumps(wanted))
    return done.stdout.strip()


def log(world: World, folder: str) -> list[str]:
    return world.run(f"cat $(ls -tr {folder}/*.log)").splitlines()


@contextmanager
def asked_all_the_time(world: World, samples: list[str]) -> Iterator[dict[str, int]]:
    """Meanwhile each service is made to log in again and again, and every process is looked at."""
    done = threading.Event()
    answers = {"ready": 0}

    def ask() -> None:
        while not done.wait(0.05):
            for service in SERVICES:
                answers["ready"] += world.ask(f"https://{service}.dhanman.test/health/ready").status == 200

    def look() -> None:
        # the processes of a test host are those of this machine as well
        while not done.wait(0.02):
            listing = subprocess.run(
                ["ps", "axwwe", "-o", "args"], capture_output=True, text=True, check=False
            )
            samples.append(listing.stdout)

    threads = [threading.Thread(target=work) for work in (ask, look)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        done.set()
        for thread in threads:
            thread.join()


def appears(passwords: list[str], places: Mapping[str, str]) -> list[str]:
    return [place for place, text in places.items() for password in passwords if password in text]


def readable_by_others(world: World, passwords: list[str]) -> list[str]:
    """Files with one of the passwords that nobody can read; and one that is there to be found."""
    patterns = "/run/patterns-of-the-test"
    world.run(f"echo found-by-the-search > {CONTROL}; install -m 400 -o nobody /dev/null {patterns}")
    world.host.run(["tee", patterns], input="\n".join([*passwords, "found-by-the-search"]) + "\n")
    search = "find / -xdev -type f -not -path '/proc/*' -readable -size -4M -print0 2>/dev/null"
    search += f" | xargs -0 grep -lF -f {patterns} 2>/dev/null; true"
    try:
        return world.host.run(["runuser", "-u", "nobody", "--", "sh", "-c", search]).stdout.split()
    finally:
        world.run(f"rm {CONTROL} {patterns}")


def test_no_login_is_refused_during_a_rotation_and_the_old_password_is_after_it(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    samples: list[str] = []
    old = {secret: active_password(world, secret) for secret in rotate.NAMES}
    postgres_before, rabbitmq_before = len(log(world, POSTGRES_LOG)), len(log(world, RABBITMQ_LOG))
    with asked_all_the_time(world, samples) as answers:
        for secret, server in rotate.SERVERS.items():
            status, said = rotated(world, capfd, secret)
            assert status == 0, said
            assert f"{secret}: {server} let {rotate.NAMES[secret]['b']} in" in said
    assert answers["ready"] > 12

    # the one attempt with the old password is ours, and the services never use that database
    postgres = log(world, POSTGRES_LOG)[postgres_before:]
    refused = [line for line in postgres if "FATAL" in line]
    assert refused
    assert [line for line in refused if "dhanman_user_a@postgres FATAL" not in line] == []
    rabbitmq = [line for line in log(world, RABBITMQ_LOG)[rabbitmq_before:] if "\x1b" not in line]
    (ours,) = [i for i, line in enumerate(rabbitmq) if "refused" in line]
    (gone,) = [i for i, line in enumerate(rabbitmq) if "Deleted user 'dhanman_a'" in line]
    assert gone < ours

    for service in SERVICES:
        checks = json.loads(world.ask(f"https://{service}.dhanman.test/health/ready").body)["checks"]
        assert checks["rabbitmq"]["detail"].endswith("as dhanman_b")
    postgres = log(world, POSTGRES_LOG)
    for service in SERVICES:
        users = [line.split("authorized: user=")[1].split()[0] for line in postgres
                 if f"database=local-dhanman-{service}" in line and "authorized: user=" in line]  # fmt: skip
        assert users[-1] == "dhanman_user_b"

    new = {secret: active_password(world, secret) for secret in rotate.NAMES}
    passwords = [*old.values(), *new.values()]
    assert len(set(passwords)) == 4
    journal = world.run("journalctl --quiet --no-pager")
    places = {"state": world.state_file.read_text(), "output": "".join(world.outputs), "journal": journal}
    places |= {"processes": "".join(samples), "log": "\n".join([*postgres, *log(world, RABBITMQ_LOG)])}
    assert appears(passwords, places) == []
    assert readable_by_others(world, passwords) == [CONTROL]

    for secret, names in rotate.NAMES.items():
        assert log_in(world, secret, names["b"], new[secret]) == "let in"
        assert log_in(world, secret, names["a"], old[secret]) != "let in"
    assert world.preview() == []


@pytest.mark.slow
def test_the_next_rotation_goes_back_to_the_first_login_with_a_new_password(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    if number(world, "postgres") == 0:
        assert rotated(world, capfd, "postgres")[0] == 0
    before = set(world.secrets().values())
    old_number, old = number(world, "postgres"), active_password(world, "postgres")
    status, said = rotated(world, capfd, "postgres")
    assert status == 0, said
    assert number(world, "postgres") == old_number + 1
    new, names = active_password(world, "postgres"), rotate.NAMES["postgres"]
    assert new not in before
    assert log_in(world, "postgres", names[Turn(old_number + 1).slot], new) == "let in"
    assert log_in(world, "postgres", names[Turn(old_number).slot], old) != "let in"
    assert world.preview() == []


@pytest.mark.slow
def test_a_rotation_that_a_service_does_not_survive_retires_nothing_and_is_gone_on_with(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    secret, names = "rabbitmq", rotate.NAMES["rabbitmq"]
    before, old = number(world, secret), active_password(world, secret)
    former, latter = names[Turn(before).slot], names[Turn(before + 1).slot]
    failing = {"readyTimeout": 3, "settings": {"Sample": {"FailReady": True}}}
    world.configure(SETTINGS | {"services": {"sales": failing}})
    status, said = rotated(world, capfd, secret)
    assert status != 0
    assert f"{former} still works wherever it is in use" in said
    assert number(world, secret) == before
    assert log_in(world, secret, former, old) == "let in"
    ready = world.ask("https://sales.dhanman.test/health/ready")
    assert (ready.status, former in ready.body) == (200, True)

    world.configure(SETTINGS)
    status, said = rotated(world, capfd, secret)
    assert status == 0, said
    assert f"Rotation {before + 1} of rabbitmq has not ended yet" in said
    assert number(world, secret) == before + 1
    assert log_in(world, secret, former, old) != "let in"
    assert latter in world.ask("https://sales.dhanman.test/health/ready").body


def test_a_password_and_rights_changed_by_hand_are_seen_and_put_back(world: World) -> None:
    user = rotate.NAMES["postgres"][Turn(number(world, "postgres")).slot]
    password = active_password(world, "postgres")
    change = f"ALTER ROLE {user} SUPERUSER PASSWORD 'changed-by-hand'"
    world.host.run(["runuser", "-u", "postgres", "--", "psql", "-Xqc", change])
    broker_user = rotate.NAMES["rabbitmq"][Turn(number(world, "rabbitmq")).slot]
    world.run(f"rabbitmqctl -q set_user_tags {broker_user} administrator")
    begin = time.monotonic()
    observed = json.loads(world.run("/usr/local/lib/dhanman/hostctl observe"))
    assert time.monotonic() - begin < 5
    text = json.dumps(observed)
    assert f"postgres_role:{user}: password" in text
    assert f"postgres_role:{user}: has SUPERUSER" in text
    assert f"user {broker_user}: tags" in text
    world.up()
    assert log_in(world, "postgres", user, password) == "let in"
    assert world.preview() == []
