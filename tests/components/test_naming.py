"""Names that more than one component needs."""

from __future__ import annotations

import itertools

import pytest

from components.naming import ASPNETCORE_ENVIRONMENTS, HOSTCTL, SERVICES, ServiceNames
from hostctl.arming import HOSTCTL as ON_THE_HOST

ALL = [ServiceNames(e, s) for e, s in itertools.product(ASPNETCORE_ENVIRONMENTS, SERVICES)]


@pytest.mark.parametrize("names", ALL, ids=lambda names: names.base)
def test_a_user_name_fits_what_linux_takes(names: ServiceNames) -> None:
    assert len(names.user) <= 32


@pytest.mark.parametrize("names", ALL, ids=lambda names: names.base)
def test_a_socket_path_fits_a_socket_address(names: ServiceNames) -> None:
    # sockaddr_un.sun_path has 108 bytes, one of them for the end (unix(7))
    assert max(len(names.slot_socket("green")), len(names.current_socket)) < 108


@pytest.mark.parametrize(
    "name", ["user", "unit", "database", "root", "www", "current_socket", "log", "config_directory", "state"]
)
def test_no_two_services_of_any_environment_share_a_name(name: str) -> None:
    values = [getattr(names, name) for names in ALL]
    assert len(set(values)) == len(values)


def test_the_names_of_the_document() -> None:
    names = ServiceNames("prod", "sales")
    assert names.unit == "dhanman-sales-prod.service"
    assert names.www == "/var/www/prod/dhanman-sales"
    assert names.database == "prod-dhanman-sales"
    assert names.assembly == "Dhanman.Sales.dll"
    assert names.settings_file == "appsettings.Production.json"


def test_host_and_project_agree_on_where_the_program_is() -> None:
    assert HOSTCTL == ON_THE_HOST
