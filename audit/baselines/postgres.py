"""Controls of https://github.com/dev-sec/postgres-baseline 3.1.1, in every database."""

from __future__ import annotations

import re
import shlex

import pytest

from audit.baselines.facts import Facts, control

_LOGGING = {
    "logging_collector": "on",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_duration": "on",
    "log_hostname": "on",
    "log_line_prefix": "%t %u %d %h",
}


class Server:
    """PostgreSQL, asked by its superuser on its socket."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def rows(self, query: str, database: str = "postgres") -> list[str]:
        """What a query returns, a line for each row."""
        command = f"cd / && runuser -u postgres -- psql --no-psqlrc -qAt -d {shlex.quote(database)}"
        return self._facts.lines(f"{command} -c {shlex.quote(query)}")

    def everywhere(self, query: str) -> dict[str, list[str]]:
        """The same of every database that lets anybody in, without those that return nothing."""
        databases = self.rows("select datname from pg_database where datallowconn order by 1")
        found = {database: self.rows(query, database) for database in databases}
        return {database: rows for database, rows in found.items() if rows}

    def setting(self, name: str) -> str:
        """A parameter's value; '' is one too."""
        return "\n".join(self.rows(f"show {name}"))

    def access(self) -> list[list[str]]:
        """The lines of the file that says who may connect, in words."""
        lines = self._facts.lines(f"cat {self.setting('hba_file')}")
        return [line.split() for line in lines if line.split("#")[0].strip()]


@pytest.fixture(scope="module")
def server(facts: Facts) -> Server:
    """PostgreSQL of the host."""
    return Server(facts)


@control("postgres-02")
def test_the_version_is_stable_and_supported(facts: Facts) -> None:
    said = facts.said("psql --version")
    assert re.match(r"psql \(PostgreSQL\) (1[4-8])\.\d+", said)
    assert not re.search(r"rc|devel|beta", said, re.IGNORECASE)


@control("postgres-03")
def test_one_server_runs(facts: Facts) -> None:
    # each connection is a process of the same name, but their parent is the server
    assert facts.said("pgrep --count --exact --parent 1 postgres") == "1"


@control("postgres-04")
def test_no_language_gets_out_of_the_database(server: Server) -> None:
    query = "select lanname from pg_language where not lanpltrusted and lanname not in ('internal', 'c')"
    assert server.everywhere(query) == {}


@control("postgres-05")
def test_there_is_no_language_that_nobody_needs(server: Server) -> None:
    query = "select lanname from pg_language where lanname not in ('internal', 'c', 'sql', 'plpgsql')"
    assert server.everywhere(query) == {}


@control("postgres-06")
def test_every_user_has_a_password(server: Server) -> None:
    assert server.rows("select usename from pg_shadow where passwd is null") == []


@control("postgres-07")
def test_passwords_are_kept_as_scram(server: Server) -> None:
    assert server.setting("password_encryption") == "scram-sha-256"
    query = "select usename from pg_shadow where passwd is not null and passwd not like 'SCRAM-SHA-256$%'"
    assert server.rows(query) == []


@control("postgres-08")
def test_one_role_may_do_everything(server: Server) -> None:
    query = "select rolname from pg_roles where rolsuper or rolcreaterole or rolcreatedb"
    assert server.rows(query) == ["postgres"]


@control("postgres-09")
def test_passwords_are_read_by_the_superuser_alone(server: Server) -> None:
    query = "select distinct grantee from information_schema.role_table_grants where table_name = 'pg_authid'"
    assert {tuple(rows) for rows in server.everywhere(query).values()} == {("postgres",)}


@control("postgres-10")
def test_the_configuration_is_for_the_server_alone(facts: Facts, server: Server) -> None:
    file = server.setting("config_file")
    assert facts.mode(file.rpartition("/")[0]) == ("postgres", "postgres", 0o700)
    assert facts.mode(file) == ("postgres", "postgres", 0o640)
    assert facts.mode(server.setting("hba_file")) == ("postgres", "postgres", 0o600)


@control("postgres-11")
def test_tls_is_on(server: Server) -> None:
    assert server.setting("ssl") == "on"


@control("postgres-12")
def test_tls_has_the_ciphers_of_the_baseline(server: Server) -> None:
    assert server.setting("ssl_ciphers") == "ALL:!ADH:!LOW:!EXP:!MD5:@STRENGTH"


@control("postgres-13")
def test_on_the_socket_everybody_is_their_own_user(server: Server) -> None:
    local = [line for line in server.access() if line[0] == "local"]
    assert local
    assert [line for line in local if line[3] != "peer"] == []


@control("postgres-14")
def test_over_the_network_everybody_needs_a_password(server: Server) -> None:
    network = [line for line in server.access() if line[0] != "local"]
    assert network
    assert [line for line in network if line[4] not in ("scram-sha-256", "reject")] == []


@control("postgres-15")
def test_over_the_network_everybody_needs_tls(server: Server) -> None:
    assert [line for line in server.access() if line[0] in ("host", "hostnossl")] == []


@control("postgres-16")
def test_every_statement_and_connection_is_logged(server: Server) -> None:
    assert server.setting("log_directory") != "log"
    assert {name: server.setting(name) for name in _LOGGING} == _LOGGING


@control("postgres-17")
def test_nothing_is_granted_to_everybody(server: Server) -> None:
    query = (
        "select table_schema || '.' || table_name from information_schema.table_privileges"
        " where grantee = 'PUBLIC' and table_schema not in ('pg_catalog', 'information_schema')"
    )
    assert server.everywhere(query) == {}


@control("postgres-18")
def test_nobody_but_the_superuser_grants_on(server: Server) -> None:
    query = (
        "select distinct grantee || ' ' || table_schema || '.' || table_name from"
        " information_schema.table_privileges where grantee <> 'postgres' and is_grantable = 'YES'"
    )
    assert server.everywhere(query) == {}


@control("postgres-19")
def test_no_function_lends_its_owner_s_powers(server: Server) -> None:
    assert server.everywhere("select proname from pg_proc where prosecdef") == {}


@control("postgres-20")
def test_data_and_log_are_for_the_server_alone(facts: Facts, server: Server) -> None:
    for folder in (server.setting("data_directory"), "/var/log/postgresql"):
        assert facts.mode(folder) == ("postgres", "postgres", 0o700)
