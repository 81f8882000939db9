"""The six services: each a release in a slot behind a Unix socket."""

from components.microservice.component import Microservice, MicroserviceArgs, Runtime, RuntimeArgs
from components.microservice.plan import microservice_unit, runtime_unit
from components.microservice.spec import (
    BrokerAccess,
    DatabaseAccess,
    Dotnet,
    Executable,
    MicroserviceSpec,
    StorageAccess,
)

__all__ = [
    "BrokerAccess",
    "DatabaseAccess",
    "Dotnet",
    "Executable",
    "Microservice",
    "MicroserviceArgs",
    "MicroserviceSpec",
    "Runtime",
    "RuntimeArgs",
    "StorageAccess",
    "microservice_unit",
    "runtime_unit",
]
