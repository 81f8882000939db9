"""A service that can listen on a port only: its slots' sockets are kept for it."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from components.microservice.on_ports import CONNECTIONS, DESCRIPTORS
from components.microservice.spec import Executable
from components.unit import Deployment, File
from tests.components.microservice.test_plan import SLOT, SPEC, deployment, file, unit

PORTS = {"blue": 6006, "green": 7006}
ON_PORTS = replace(SPEC, slot_ports=PORTS)
UNITS = "/etc/systemd/system"
DROP_IN = f"{UNITS}/dhanman-sales-prod@wanted.service.d/port.conf"
SOCKET = f"{UNITS}/dhanman-sales-prod-proxy@wanted.socket"
PROXY = f"{UNITS}/dhanman-sales-prod-proxy@wanted.service"
PORT = f"{UNITS}/dhanman-sales-prod-port.service"


def lines(path: str) -> list[str]:
    return file(path, ON_PORTS).content.splitlines()


def test_without_ports_the_document_has_no_word_of_them() -> None:
    text = unit().serialize()
    assert "slot_ports" not in text
    assert "proxy@" not in text
    assert "port.conf" not in text


def test_with_ports_every_file_of_the_other_form_stays_as_it_is() -> None:
    before = {t.path: t.content for t in unit().things if isinstance(t, File)}
    after = {t.path: t.content for t in unit(ON_PORTS).things if isinstance(t, File)}
    assert {path: after.get(path) for path in before} == before
    assert set(after) - set(before) == {DROP_IN, SOCKET, PROXY}


def test_a_dotnet_service_listens_on_the_port_of_its_slot_on_loopback_alone() -> None:
    commands = [line for line in lines(DROP_IN) if line.startswith("ExecStart=")]
    directory = "/opt/dhanman/prod/sales/slots/%i"
    urls = "http://127.0.0.1:${DHANMAN_SLOT_PORT}"
    assert commands == [
        "ExecStart=",
        f"ExecStart=/usr/bin/dotnet {directory}/Dhanman.Sales.dll --urls {urls}",
    ]
    assert "EnvironmentFile=/etc/dhanman/prod/sales/%i/port.env" in lines(DROP_IN)


def test_an_executable_is_told_the_same() -> None:
    spec = replace(ON_PORTS, runtime=Executable(template="{release}/sales --listen={urls} --load 80%"))
    urls = "--listen=http://127.0.0.1:${DHANMAN_SLOT_PORT} --load 80%%"
    assert f"ExecStart=/opt/dhanman/prod/sales/slots/%i/sales {urls}" in file(DROP_IN, spec).content


def test_nginx_finds_the_socket_where_it_always_is_and_may_open_it() -> None:
    socket = "/run/dhanman-sales-prod-%i/http.sock"
    assert f"http://unix:{socket}" in file(SLOT).content
    assert {f"ListenStream={socket}", "SocketGroup=www-data", "SocketMode=0660"} <= set(lines(SOCKET))


def test_socket_and_proxy_go_with_the_slot_and_after_it() -> None:
    for path in (SOCKET, PROXY):
        assert "PartOf=dhanman-sales-prod@%i.service" in lines(path)
    after = "After=dhanman-sales-prod-proxy@%i.socket dhanman-sales-prod-proxy@%i.service"
    assert after in lines(DROP_IN)


@pytest.mark.parametrize("path", [PROXY, PORT])
def test_each_proxy_has_descriptors_for_more_connections_than_its_default(path: str) -> None:
    assert DESCRIPTORS >= 6 * CONNECTIONS
    assert f"LimitNOFILE={DESCRIPTORS}" in lines(path)
    (command,) = [line for line in lines(path) if line.startswith("ExecStart=")]
    assert f" --connections-max={CONNECTIONS} " in command


def test_another_form_or_another_port_asks_for_a_new_process() -> None:
    other = deployment(slot_ports=PORTS | {"green": 7007})
    digests = [d.unit_digest for d in (deployment(), deployment(slot_ports=PORTS), other)]
    assert len(set(digests)) == 3
    assert deployment(slot_ports=PORTS).to_json()["slot_ports"] == PORTS


def test_a_migration_listens_nowhere_in_either_form() -> None:
    spec = replace(SPEC, migration=("{release}/migrate", 60.0))
    path = f"{UNITS}/dhanman-sales-prod-migrate@.service"
    assert file(path, replace(spec, slot_ports=PORTS)) == file(path, spec)


def test_all_units_of_the_slot_are_verified_before_they_are_in_place() -> None:
    argv = unit(ON_PORTS).validations[0].argv
    assert {f"{UNITS}/dhanman-sales-prod@wanted.service", SOCKET, PROXY} <= set(argv)
    assert not [word for word in unit().validations[0].argv if "proxy" in word]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
@pytest.mark.parametrize("path", [SOCKET, PROXY, f"{UNITS}/dhanman-sales-prod@wanted.service"])
def test_systemd_accepts_the_units(path: str, tmp_path: Path) -> None:
    spec = replace(ON_PORTS, runtime=Executable(template="/bin/true --urls {urls}"))
    for thing in unit(spec).things:
        if isinstance(thing, File) and thing.path.startswith(UNITS):
            target = tmp_path / thing.path.removeprefix(f"{UNITS}/").replace("prod@.", "prod@wanted.")
            target.parent.mkdir(exist_ok=True)
            target.write_text(thing.content.replace("/usr/lib/systemd/systemd-socket-proxyd", "/bin/true"))
    done = subprocess.run(
        [
            *("systemd-analyze", "verify", "--man=no", "--recursive-errors=no"),
            str(tmp_path / path.removeprefix(f"{UNITS}/")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Unknown" not in done.stderr


def test_the_deployment_is_the_same_but_for_what_the_ports_need() -> None:
    (found,) = [t for t in unit(ON_PORTS).things if isinstance(t, Deployment)]
    same = {"unit_digest": "", "slot_ports": None}
    before, after = deployment().to_json() | same, found.to_json() | same
    assert json.dumps(after) == json.dumps(before)
