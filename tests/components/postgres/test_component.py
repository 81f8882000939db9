"""PostgreSQL's resources, against Pulumi's mocks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from components.postgres import Database, DatabaseArgs, PostgresServer, PostgresServerArgs, PostgresSpec
from components.sizing import GIB, PostgresSizing
from tests.components.recording import PASSWORD, Recording, record, target

SPEC = PostgresSpec(
    version=18,
    port=5432,
    max_connections=200,
    sizing=PostgresSizing.for_memory(16 * GIB, 8),
    private_ranges=("10.0.0.0/8",),
)


def server(spec: PostgresSpec = SPEC, *, protect: bool = True) -> Recording:
    return record(
        lambda: PostgresServer("postgres", PostgresServerArgs(target=target(), spec=spec, protect=protect))
    )


def test_roles_follow_the_server_and_get_the_generated_password() -> None:
    recording = server()
    assert "postgres-server" in recording.before("postgres-roles")
    unit = json.loads(recording["postgres-roles"].plain("stdin"))
    assert [thing.get("password") for thing in unit["things"]] == [None, PASSWORD]
    assert unit["redact"] == [PASSWORD]


@pytest.mark.parametrize("protect", [True, False])
def test_server_and_password_are_protected_together(protect: bool) -> None:
    recording = server(protect=protect)
    assert {recording[name].protect for name in ("postgres-server", "postgres-password")} == {protect}
    assert not recording["postgres-roles"].protect


def test_only_an_older_version_needs_the_defaults_for_checksums_and_before_its_package() -> None:
    assert "postgres-defaults" not in [r.name for r in server().resources]
    older = server(replace(SPEC, version=17))
    assert "postgres-defaults" in older.before("postgres-server")


def test_a_database_is_protected_as_asked_and_waits_for_what_its_target_waits_for() -> None:
    def program() -> None:
        made = PostgresServer("postgres", PostgresServerArgs(target=target(), spec=SPEC, protect=True))
        where = target().after(made.ready)
        args = DatabaseArgs(target=where, database="qa-dhanman-sales", port=made.port, protect=True)
        assert Database("sales", args).name == "qa-dhanman-sales"

    recording = record(program)
    assert recording["sales-database"].protect
    assert recording.before("sales-database") >= {"postgres-roles", "postgres-server"}
