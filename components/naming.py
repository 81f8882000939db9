"""Every name and path that more than one component needs, derived in one place.

Source: the deployment document, sections "Port Allocation", "Service Configuration", "Folder Structure on Server",
"Database Per Service", with the slots and releases that ``docs/decisions.md`` explains.
"""

from __future__ import annotations

from dataclasses import dataclass

SERVICES = ("common", "community", "inventory", "payroll", "purchase", "sales")
"""The six services of the document."""

HOSTCTL = "/usr/local/lib/dhanman/hostctl"
"""The program on the host. Its path is stable, so that a new version of it re-runs no unit."""

SLOTS = ("blue", "green")
"""The slots that a service's releases take turns in; the first release runs in the first one."""

WANTED = "wanted"
"""Stands for a slot where none is chosen yet."""

UNITS = "/etc/systemd/system"
CONFIG_ROOT = "/etc/dhanman"
STATE_ROOT = "/var/lib/dhanman"
UPLOADS = f"{STATE_ROOT}/uploads"
"""Where artifacts arrive on the host; belongs to the deploy user."""

ASPNETCORE_ENVIRONMENTS = {"prod": "Production", "qa": "QA", "local": "Local"}
"""What ``ASPNETCORE_ENVIRONMENT`` is in each environment."""


@dataclass(frozen=True)
class ServiceNames:
    """The names of one microservice in one environment, such as ``sales`` in ``prod``."""

    environment: str
    service: str

    @property
    def aspnetcore_environment(self) -> str:
        """``Production``, ``QA`` or ``Local``."""
        return ASPNETCORE_ENVIRONMENTS[self.environment]

    @property
    def base(self) -> str:
        """``dhanman-sales-prod``: name of units, upstreams and log files."""
        return f"dhanman-{self.service}-{self.environment}"

    @property
    def unit(self) -> str:
        """The systemd unit that people start and stop."""
        return f"{self.base}.service"

    @property
    def slot_template(self) -> str:
        """The template unit of the slots."""
        return f"{self.base}@.service"

    @property
    def migration_template(self) -> str:
        """The template unit of what a release does to the database before it serves."""
        return f"{self.base}-migrate@.service"

    @property
    def port_socket_unit(self) -> str:
        """The socket unit that keeps the document's port."""
        return f"{self.base}-port.socket"

    @property
    def port_service_unit(self) -> str:
        """The proxy that connects the document's port with the current slot."""
        return f"{self.base}-port.service"

    @property
    def port_socket6_unit(self) -> str:
        """The same port on IPv6's loopback, where the host has IPv6."""
        return f"{self.base}-port6.socket"

    def slot_drop_in(self, slot: str) -> str:
        """What makes a slot's process listen on a port, relative to the units' folder."""
        return f"{self.base}@{slot}.service.d/port.conf"

    def proxy_socket_unit(self, slot: str) -> str:
        """The socket unit that keeps the Unix socket of a slot whose process listens on a port."""
        return f"{self.base}-proxy@{slot}.socket"

    def proxy_service_unit(self, slot: str) -> str:
        """The proxy that connects that socket with the slot's port."""
        return f"{self.base}-proxy@{slot}.service"

    def slot_port_file(self, slot: str) -> str:
        """The port of a slot's process, as its units read it."""
        return f"{self.config_directory}/{slot}/port.env"

    def slot_runtime_directory(self, slot: str) -> str:
        """``RuntimeDirectory=`` of a slot, below ``/run``."""
        return f"{self.base}-{slot}"

    def slot_socket(self, slot: str) -> str:
        """The Unix socket that a slot listens on."""
        return f"/run/{self.slot_runtime_directory(slot)}/http.sock"

    @property
    def current_socket(self) -> str:
        """The link to the current slot's socket: what NGINX and the port proxy connect to."""
        return f"/run/dhanman/{self.environment}/{self.service}.sock"

    @property
    def canary_socket(self) -> str:
        """The link that NGINX's share for a canary follows: the current slot's socket, but during a trial."""
        return f"/run/dhanman/{self.environment}/{self.service}-canary.sock"

    @property
    def access_log(self) -> str:
        """The gateway's log of the service's requests."""
        return f"/var/log/nginx/{self.base}-access.log"

    @property
    def user(self) -> str:
        """System user and group of the service (at most 32 characters)."""
        return self.base

    @property
    def root(self) -> str:
        """Where releases and slots live."""
        return f"/opt/dhanman/{self.environment}/{self.service}"

    def slot_directory(self, slot: str) -> str:
        """The link to the release that a slot runs: the slot's working directory."""
        return f"{self.root}/slots/{slot}"

    @property
    def current_release(self) -> str:
        """The link to the release that serves."""
        return f"{self.root}/current"

    @property
    def www(self) -> str:
        """The document's path of the service, a link to the release that serves."""
        return f"/var/www/{self.environment}/dhanman-{self.service}"

    @property
    def config_directory(self) -> str:
        """Where the environment's own settings file of the service lives."""
        return f"{CONFIG_ROOT}/{self.environment}/{self.service}"

    @property
    def settings_file(self) -> str:
        """Name of the settings file that this program writes."""
        return f"appsettings.{self.aspnetcore_environment}.json"

    @property
    def log_directory(self) -> str:
        """Where the service's logs are."""
        return f"/var/log/dhanman/{self.environment}"

    @property
    def log(self) -> str:
        """Standard output of the service."""
        return f"{self.log_directory}/{self.service}.log"

    @property
    def error_log(self) -> str:
        """Standard error of the service."""
        return f"{self.log_directory}/{self.service}.error.log"

    @property
    def deploy_log(self) -> str:
        """A line of JSON for each deployment of any service of the environment."""
        return f"{self.log_directory}/deploys.log"

    @property
    def state(self) -> str:
        """``StateDirectory=`` of the slots: what the service keeps, its own alone."""
        return f"/var/lib/{self.base}"

    @property
    def own_logs(self) -> str:
        """Where the service's folder ``logs/`` leads: files that the service itself writes."""
        return f"{self.state}/logs"

    @property
    def display_name(self) -> str:
        """``dhanman-sales``: what the service calls itself, in every environment."""
        return f"dhanman-{self.service}"

    @property
    def database(self) -> str:
        """The service's database."""
        return f"{self.environment}-dhanman-{self.service}"

    @property
    def assembly(self) -> str:
        """The .NET assembly that the document starts."""
        return f"Dhanman.{self.service.capitalize()}.dll"
