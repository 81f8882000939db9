"""All rules over all that the project's stacks register, and over the same with one mistake in the program."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest

from policies import RULES, Resource, Secret, Stack, check
from policies.resource import plain
from policies.rules import names
from policies.wire import resource
from tests.components.recording import record, stack_settings

Change = Callable[[Resource], Resource]


@cache
def registered(name: str) -> tuple[Resource, ...]:
    from components.environment import Environment

    found = record(lambda: Environment(stack_settings(name)), stack=name).resources
    return tuple(resource(r.urn, r.inputs, protect=r.protect) for r in found)


@pytest.mark.parametrize("name", ["prod", "qa", "local"])
def test_a_stack_keeps_every_rule_and_hides_nothing_from_them(name: str) -> None:
    stack = Stack(registered(name))
    assert check(stack) == []
    assert stack.unseen == ()
    assert stack.environment == name
    assert len(stack.units) >= 25
    assert len({served for _, served in names.public_names(stack)}) == 7


def test_prod_and_qa_share_no_address_no_name_and_no_bucket() -> None:
    prod, qa = (Stack(registered(name)) for name in ("prod", "qa"))
    assert prod.files.keys() and prod.files.keys() & qa.files.keys() == set()
    assert {n for _, n in names.public_names(prod)} & {n for _, n in names.public_names(qa)} == set()
    assert buckets(prod) and buckets(prod) & buckets(qa) == set()


def buckets(stack: Stack) -> set[str]:
    made = [r for r in stack.resources if r.type == "command:local:Command" and "backup-bucket" in r.name]
    return {
        str(wanted.get("bucket") or wanted["name"])
        for r in made
        for wanted in [json.loads(plain(r.inputs["stdin"]))]
    }


def edit(name: str, old: str, new: str) -> Change:
    """Another text in the document of one unit, as a mistake in its plan would leave it there."""

    def change(found: Resource) -> Resource:
        if found.name != name:
            return found
        text = plain(found.inputs["stdin"])
        assert json.dumps(old)[1:-1] in text, old
        edited = text.replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1])
        return dataclasses.replace(found, inputs={**found.inputs, "stdin": Secret(value=edited)})

    return change


def give(name: str, **values: Any) -> Change:
    def change(found: Resource) -> Resource:
        inputs = {**found.inputs, **values}
        return dataclasses.replace(found, inputs=inputs) if found.name == name else found

    return change


def unprotect(name: str) -> Change:
    return lambda found: dataclasses.replace(found, protect=False) if found.name == name else found


MISTAKES: Sequence[tuple[str, Change]] = (
    ("host_key_is_checked", give("gateway-nginx", connection=Secret(value={"host": "54.37.159.71"}))),
    ("nothing_secret_is_plain", give("gateway-nginx", note="token=not-a-real-token")),
    ("units_travel_as_secrets", give("frontend-site", stdin="{}")),
    ("command_texts_are_fixed", give("gateway-nginx", update="reboot")),
    ("no_password_is_a_default", edit("rabbitmq-vhost", "generated-but-not-real", "guest")),
    ("data_is_protected", unprotect("sales-database")),
    ("every_database_is_backed_up", edit("backup-timer", "qa-dhanman-payroll ", "")),
    ("backups_are_kept_long_enough", edit("backup-physical", "retention-full=30", "retention-full=3")),
    ("no_internal_port_is_public", edit("main-access", "ip saddr 10.0.0.0/8 ", "")),
    ("every_public_name_has_a_certificate", edit("gateway-nginx", "ssl_certificate /", "# /")),
    ("no_name_is_http_only", edit("gateway-nginx", "return 301 https:", "proxy_pass http:")),
    ("memory_is_limited", edit("sales-service", "MemoryMax=2147483648", "MemoryMax=infinity")),
    ("memory_fits_the_host", edit("postgres-server", "shared_buffers = 4GB", "shared_buffers = 14GB")),
    ("artifacts_are_pinned", edit("object-storage-server", "0" * 64, "")),
    ("environments_are_apart", edit("sales-database", "qa-dhanman-sales", "prod-dhanman-sales")),
)


@pytest.mark.parametrize(("rule", "change"), MISTAKES, ids=[rule for rule, _ in MISTAKES])
def test_a_mistake_in_the_program_breaks_its_rule(rule: str, change: Change) -> None:
    (judged,) = [r for r in RULES if r.__name__ == rule]
    assert list(judged(Stack(registered("qa")))) == []
    assert list(judged(Stack(map(change, registered("qa")))))


def test_there_is_a_mistake_for_each_rule() -> None:
    assert [rule for rule, _ in MISTAKES] == [rule.__name__ for rule in RULES]
