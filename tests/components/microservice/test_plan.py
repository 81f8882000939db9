"""A microservice on its host."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from components.microservice.appsettings import connection_string
from components.microservice.plan import mark_of, microservice_unit
from components.microservice.spec import BrokerAccess, DatabaseAccess, Dotnet, Executable, MicroserviceSpec
from components.naming import ServiceNames
from components.unit import Canary, Deployment, File, HttpCheck, Release, Symlink, Unit

NAMES = ServiceNames("prod", "sales")
DATABASE = DatabaseAccess(
    host="localhost",
    port=5432,
    name=NAMES.database,
    user="dhanman_user_a",
    password="fake-database",
    pool_max=15,
    pool_min=2,
)
BROKER = BrokerAccess(host="localhost", port=5672, vhost="prod", user="dhanman_a", password="fake-broker")
SPEC = MicroserviceSpec(
    names=NAMES,
    port=5006,
    version="1.4.0",
    source="/var/lib/dhanman/uploads/sales-1.4.0.tar.gz",
    sha256="0" * 64,
    runtime=Dotnet(),
    memory_max=2 << 30,
    cpu_quota=200,
)
SLOT = "/etc/systemd/system/dhanman-sales-prod@.service"
SETTINGS = "/etc/dhanman/prod/sales/appsettings.Production.json"


def unit(spec: MicroserviceSpec = SPEC) -> Unit:
    """The unit of the service, with one secret of its own."""
    return microservice_unit(spec, DATABASE, BROKER, {"Brevo.ApiKey": "fake-key"})


def file(path: str, spec: MicroserviceSpec = SPEC) -> File:
    """The unit's file at this path."""
    return next(t for t in unit(spec).things if isinstance(t, File) and t.path == path)


def deployment(**changes: Any) -> Deployment:
    """The unit's deployment, of a service that is changed like this."""
    (found,) = [t for t in unit(replace(SPEC, **changes)).things if isinstance(t, Deployment)]
    return found


@pytest.mark.parametrize(
    "line",
    [
        "After=network.target postgresql.service rabbitmq-server.service",
        "Restart=always",
        "RestartSec=10",
        "KillSignal=SIGINT",
        "SyslogIdentifier=dhanman-sales-prod",
        "Environment=ASPNETCORE_ENVIRONMENT=Production",
        "Environment=DOTNET_PRINT_TELEMETRY_MESSAGE=false",
        "StandardOutput=append:/var/log/dhanman/prod/sales.log",
        "StandardError=append:/var/log/dhanman/prod/sales.error.log",
        "LimitNOFILE=65536",
        f"MemoryMax={2 << 30}",
        "CPUQuota=200%",
    ],
)
def test_a_slot_has_the_directives_of_the_document(line: str) -> None:
    assert line in file(SLOT).content.splitlines()


def test_a_dotnet_service_listens_on_the_socket_of_its_slot() -> None:
    (command,) = [line for line in file(SLOT).content.splitlines() if line.startswith("ExecStart=")]
    directory = "/opt/dhanman/prod/sales/slots/%i"
    urls = "http://unix:/run/dhanman-sales-prod-%i/http.sock"
    assert command == f"ExecStart=/usr/bin/dotnet {directory}/Dhanman.Sales.dll --urls {urls}"


def test_an_executable_s_own_percent_sign_is_not_systemd_s() -> None:
    spec = replace(SPEC, runtime=Executable(template="{release}/sales --urls {urls} --load 80%"))
    assert "--load 80%%" in file(SLOT, spec).content


def test_the_service_runs_as_its_own_user_and_nginx_reaches_its_socket() -> None:
    lines = file(SLOT).content.splitlines()
    assert {"User=dhanman-sales-prod", "Group=www-data", "UMask=0007", "RuntimeDirectoryMode=0750"} <= set(
        lines
    )


def test_the_jit_compiler_may_write_what_it_executes() -> None:
    assert not [line for line in file(SLOT).content.splitlines() if line.startswith("MemoryDenyWriteExecute")]


def test_no_secret_is_outside_the_settings_file() -> None:
    for thing in unit().things:
        if isinstance(thing, File) and thing.path != SETTINGS:
            assert not [s for s in ("fake-database", "fake-broker", "fake-key") if s in thing.content], (
                thing.path
            )
    assert set(unit().redact) == {"fake-database", "fake-broker", "fake-key"}


def test_the_settings_file_is_readable_by_the_service_alone_and_laid_over_the_artifact_s() -> None:
    deployed = deployment()
    assert deployed.user == "dhanman-sales-prod"
    assert f"{deployed.config_directory}/{deployed.settings_file}" == SETTINGS
    content = json.loads(deployed.settings)
    assert content["RabbitMq"]["VirtualHost"] == "prod"
    assert content["Brevo"]["ApiKey"] == "fake-key"


def test_the_connection_string_is_npgsql_s_with_the_derived_pool() -> None:
    parts = dict(part.split("=", 1) for part in connection_string(DATABASE).split(";"))
    assert parts["Database"] == "prod-dhanman-sales"
    assert (parts["Maximum Pool Size"], parts["Minimum Pool Size"]) == ("15", "2")
    assert (parts["Connection Idle Lifetime"], parts["Connection Pruning Interval"]) == ("300", "10")


def test_a_separator_in_a_password_does_not_end_it() -> None:
    assert "Password='a;b''c'" in connection_string(replace(DATABASE, password="a;b'c"))


def test_the_document_s_path_leads_to_the_current_release() -> None:
    links = {t.path: t.target for t in unit().things if isinstance(t, Symlink)}
    assert links["/var/www/prod/dhanman-sales"] == "/opt/dhanman/prod/sales/current"


def test_the_units_are_verified_with_the_release_that_is_wanted() -> None:
    links = {t.path: t.target for t in unit().things if isinstance(t, Symlink)}
    (release,) = [f"{t.root}/releases/{t.version}" for t in unit().things if isinstance(t, Release)]
    assert links["/opt/dhanman/prod/sales/slots/wanted"] == release
    assert "/etc/systemd/system/dhanman-sales-prod@wanted.service" in unit().validations[0].argv


def test_what_serves_is_the_release_with_its_digest() -> None:
    (release,) = [t for t in unit().things if isinstance(t, Release)]
    deployed = deployment()
    assert (deployed.root, deployed.version, deployed.artifact) == (
        release.root,
        release.version,
        release.sha256,
    )
    assert deployed.current_socket == "/run/dhanman/prod/sales.sock"


def test_another_limit_of_its_process_asks_for_a_new_one_and_another_port_does_not() -> None:
    assert deployment(memory_max=1).unit_digest != deployment().unit_digest
    assert deployment(port=5999).unit_digest == deployment().unit_digest


def test_nothing_restarts_what_serves() -> None:
    notified = {action for thing in unit().things for action in thing.notify}
    assert not [action for action in notified if "@" in action]


def test_startup_is_asked_before_readiness_and_then_the_port() -> None:
    assert [path for path, _ in deployment().health] == ["/health/startup", "/health/ready"]
    asked = [(c.path, c.socket, c.port) for c in unit().checks if isinstance(c, HttpCheck)]
    assert asked == [("/health", None, 5006)]


def test_both_logs_are_rotated() -> None:
    rotation = json.loads(file("/etc/dhanman/logs.d/dhanman-sales-prod.json").content)
    assert rotation["paths"] == ["/var/log/dhanman/prod/sales.log", "/var/log/dhanman/prod/sales.error.log"]


def test_without_a_canary_and_a_set_the_document_does_not_know_of_them() -> None:
    plain = deployment().to_json()
    assert not {"canary", "release_set", "mark"} & set(plain)


def test_a_canary_is_told_with_its_terms_and_its_link_is_there_after_a_boot() -> None:
    canary = Canary(share=10, seconds=300, log=NAMES.access_log, least=100, errors=0.01, latency=1.5)
    told = deployment(canary=canary).to_json()["canary"]
    assert told == {
        "share": 10,
        "seconds": 300,
        "log": NAMES.access_log,
        "least": 100,
        "errors": 0.01,
        "latency": 1.5,
    }
    slot = file(SLOT, replace(SPEC, canary=canary)).content
    link = "/run/dhanman/prod/sales-canary.sock"
    assert f"test -L {link} || ln -s /run/dhanman-sales-prod-%i/http.sock {link}" in slot
    assert "canary" not in file(SLOT).content


def test_a_mark_tells_apart_what_a_process_is_started_from() -> None:
    def mark(**changes: Any) -> str:
        return mark_of(unit(replace(SPEC, **({"release_set": "billing"} | changes))))

    marks = {
        mark(),
        mark(version="1.4.1"),
        mark(memory_max=1 << 30),
        mark(settings={"A": 1}),
        mark(sha256="1" * 64),
    }
    assert len(marks) == 5
    assert mark() == mark(keep=9), "which releases stay is nothing that a process is started from"
