"""A server as such: base packages, limits, time, logs, upgrades, SSH and firewall."""

from components.host.component import Host, HostArgs
from components.host.plan import HostSpec, access_unit, base_unit

__all__ = ["Host", "HostArgs", "HostSpec", "access_unit", "base_unit"]
