"""The one way to a host: a unit, carried over one SSH connection and applied as one transaction.

This is the only package that imports ``pulumi_command``.
"""

from components.remote.bootstrap import Bootstrap, BootstrapArgs
from components.remote.confirm import Confirm
from components.remote.connection import Login
from components.remote.host_unit import HostUnit, Target
from components.remote.local_script import LocalScript
from components.remote.observer import Observer
from components.remote.upload import Upload

__all__ = [
    "Bootstrap",
    "BootstrapArgs",
    "Confirm",
    "HostUnit",
    "LocalScript",
    "Login",
    "Observer",
    "Target",
    "Upload",
]
