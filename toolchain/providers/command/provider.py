"""Stand-in for pulumi-command: `remote.Command`, `remote.CopyToRemote` and `local.Command`."""

from __future__ import annotations

from toolchain.providers.command.copy import RemoteCopy
from toolchain.providers.command.local import LocalCommand
from toolchain.providers.command.remote import RemoteCommand
from toolchain.providers.servicer import Provider
from toolchain.providers.wire import Properties

# The official plugin stores the version of its framework with the provider's inputs.
_FRAMEWORK_VERSION = "1.2.0"


class CommandProvider(Provider):
    """The provider `command`: it has no configuration."""

    types = {
        "command:remote:Command": RemoteCommand,
        "command:remote:CopyToRemote": RemoteCopy,
        "command:local:Command": LocalCommand,
    }

    def check_config(self, new: Properties) -> Properties:
        """Add what the official plugin adds, so that the stored provider is the same."""
        return new | {"__pulumi-go-provider-version": _FRAMEWORK_VERSION}
