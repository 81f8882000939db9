"""The PostgreSQL server, its roles and its databases."""

from __future__ import annotations

import pytest

from components.postgres.plan import (
    LOGINS,
    OWNER,
    PostgresSpec,
    database_unit,
    defaults_unit,
    needs_defaults,
    retired_unit,
    roles_unit,
    server_unit,
)
from components.sizing import GIB, PostgresSizing
from components.turn import Turn
from components.unit import (
    AptRepository,
    File,
    Packages,
    PostgresCluster,
    PostgresDatabase,
    PostgresRetiredRole,
    PostgresRole,
    PostgresSettings,
    PostgresVersion,
    Service,
    Unit,
)


def spec(**changes: object) -> PostgresSpec:
    """The document's server, with changes."""
    values: dict[str, object] = {
        "version": 18,
        "port": 5432,
        "max_connections": 200,
        "sizing": PostgresSizing.for_memory(16 * GIB, 8),
        "private_ranges": ("10.0.0.0/8",),
    }
    return PostgresSpec(**(values | changes))  # type: ignore[arg-type]


def settings(unit: Unit) -> dict[str, str]:
    """The settings as PostgreSQL reads them: without comments, the last of a name."""
    files = {t.path: t.content for t in unit.things if isinstance(t, File)}
    text = files["/etc/postgresql/18/main/conf.d/dhanman.conf"]
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines if line)}


def access_rules(unit: Unit) -> list[list[str]]:
    """The lines of the access file, split into fields."""
    (text,) = [t.content for t in unit.things if isinstance(t, File) and t.path.endswith("hba.conf")]
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def test_a_16_gb_host_gets_the_figures_of_the_document() -> None:
    wanted = {
        "max_connections": "200",
        "shared_buffers": "4GB",
        "effective_cache_size": "12GB",
        "maintenance_work_mem": "1GB",
        "work_mem": "16MB",
        "wal_level": "replica",
        "max_wal_size": "4GB",
        "min_wal_size": "1GB",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "200",
        "logging_collector": "on",
        "log_directory": "'/var/log/postgresql'",
        "log_filename": "'postgresql-%Y-%m-%d_%H%M%S.log'",
        "log_rotation_age": "1d",
        "log_rotation_size": "100MB",
        "log_min_duration_statement": "1000",
        "autovacuum": "on",
        "autovacuum_max_workers": "4",
        "autovacuum_naptime": "30s",
    }
    assert settings(server_unit(spec())).items() >= wanted.items()


def test_the_superuser_is_refused_over_the_network_before_any_rule_lets_it_in() -> None:
    network = [rule for rule in access_rules(server_unit(spec())) if rule[0] != "local"]
    assert network[0] == ["host", "all", "postgres", "all", "reject"]
    assert {rule[-1] for rule in network[1:]} == {"scram-sha-256"}


def test_only_loopback_and_private_ranges_may_log_in() -> None:
    rules = access_rules(server_unit(spec(private_ranges=("10.0.0.0/8", "fd00::/8"))))
    addresses = [rule[3] for rule in rules if rule[0] == "host" and rule[-1] != "reject"]
    assert addresses == ["127.0.0.1/32", "::1/128", "10.0.0.0/8", "fd00::/8"]


def test_a_server_reads_the_access_file_that_the_unit_writes() -> None:
    unit = server_unit(spec())
    path = settings(unit)["hba_file"].strip("'")
    assert path in [t.path for t in unit.things if isinstance(t, File)]


def test_no_setting_is_applied_without_asking_the_running_server() -> None:
    (reported,) = [t for t in server_unit(spec()).things if isinstance(t, PostgresSettings)]
    assert reported.settings["shared_buffers"] == "4GB"
    assert reported.settings["data_checksums"] == "on"


def test_the_cluster_itself_is_watched_and_not_the_umbrella_that_is_always_active() -> None:
    services = {t.unit: t for t in server_unit(spec()).things if isinstance(t, Service)}
    assert services["postgresql@18-main.service"].running is True
    assert services["postgresql@18-main.service"].enabled is None


def test_the_staged_settings_are_read_by_the_server_s_own_program() -> None:
    ((validation,),) = [server_unit(spec()).validations]
    assert "/usr/lib/postgresql/18/bin/postgres" in validation.argv
    assert "config_file=/etc/postgresql/18/main/postgresql.conf" in validation.argv


def test_a_repository_comes_only_where_one_is_configured() -> None:
    assert not [t for t in server_unit(spec()).things if isinstance(t, AptRepository)]
    pgdg = AptRepository(
        name="pgdg", uri="https://apt.example.org", suite="bookworm-pgdg", fingerprint="A" * 40
    )
    assert [t for t in server_unit(spec(repository=pgdg)).things if isinstance(t, AptRepository)] == [pgdg]


def test_the_owner_does_not_log_in_and_who_logs_in_acts_as_the_owner() -> None:
    unit = roles_unit(5432, "not-a-real-password", Turn(0))
    owner, login = [t for t in unit.things if isinstance(t, PostgresRole)]
    assert (owner.name, owner.login, owner.password) == (OWNER, False, None)
    assert (login.name, login.login, login.member_of) == (LOGINS["a"], True, OWNER)
    assert unit.redact == ("not-a-real-password",)


@pytest.mark.parametrize(("number", "active", "outgoing"), [(1, "b", "a"), (2, "a", "b"), (7, "b", "a")])
def test_a_rotation_gives_one_login_its_turn_and_leaves_the_other_as_it_is(
    number: int, active: str, outgoing: str
) -> None:
    roles = [t for t in roles_unit(5432, "not-real", Turn(number)).things if isinstance(t, PostgresRole)]
    by_name = {role.name: role for role in roles}
    assert [role.name for role in roles] == [OWNER, LOGINS["a"], LOGINS["b"]]
    assert (by_name[LOGINS[active]].login, by_name[LOGINS[active]].password) == (True, "not-real")
    assert (by_name[LOGINS[outgoing]].login, by_name[LOGINS[outgoing]].password) == (None, None)
    assert {role.member_of for role in roles[1:]} == {OWNER}


def test_a_retired_role_is_tried_with_its_last_password() -> None:
    unit = retired_unit(5433, LOGINS["a"], "not-a-real-password")
    assert unit.things == (PostgresRetiredRole(name=LOGINS["a"], port=5433, password="not-a-real-password"),)
    assert unit.redact == ("not-a-real-password",)


def test_a_database_belongs_to_the_owner_role() -> None:
    unit = database_unit("prod-dhanman-sales", 5432)
    assert unit.things == (PostgresDatabase(name="prod-dhanman-sales", owner=OWNER, port=5432),)


def test_programs_of_another_version_come_beside_and_their_package_makes_no_cluster() -> None:
    wanted = spec(version=17, alongside=18)
    unit = server_unit(wanted)
    (packages,) = [t for t in unit.things if isinstance(t, Packages)]
    assert {"postgresql-17", "postgresql-18"} < set(packages.packages)
    assert [(t.version, t.required) for t in unit.things if isinstance(t, PostgresCluster)] == [
        (17, True),
        (18, False),
    ]
    (file,) = defaults_unit(wanted).things
    assert isinstance(file, File)
    assert "create_main_cluster = false" in file.content
    assert "--data-checksums" in file.content
    assert needs_defaults(spec(alongside=17))
    assert not needs_defaults(spec())


def test_the_version_is_looked_at_before_anything_else() -> None:
    assert server_unit(spec()).things[0] == PostgresVersion(version=18)
