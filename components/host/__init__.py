"""A server as such: base packages, limits, time, logs, upgrades, bans, SSH and firewall."""

from components.host.component import Host, HostArgs
from components.host.plan import access_unit, base_unit
from components.host.spec import Bans, DataGate, HostSpec

__all__ = ["Bans", "DataGate", "Host", "HostArgs", "HostSpec", "access_unit", "base_unit"]
