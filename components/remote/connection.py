"""Building the ``connection`` of a remote command, in this one place.

A member that the provider does not know would make it print the whole connection, private key included, in clear;
without a host key it would trust anyone. So both are checked here by type, and nowhere else is a connection built.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_command as command

DIAL_ERROR_LIMIT = 8
"""Dials after the first one, 5 s in all if each is refused at once: an sshd that drops logins beyond its MaxStartups
needs several, the more so the further away it is. Not more, since a refused key is retried as well, and servers
punish that (OpenSSH >= 9.8).
"""

PER_DIAL_TIMEOUT = 5
"""Seconds for one TCP connection; all dials together stay below the time after which an armed change reverts."""


@dataclass(frozen=True, kw_only=True)
class Login:
    """How a host is entered.

    ``host_key``: the server's public key (``ssh-ed25519 AAAA...``), always checked. ``private_key``: the operator's
    key in OpenSSH or PEM form, a secret; None uses the SSH agent.
    """

    address: str
    port: int
    host_key: str
    private_key: str | None

    def connection(self, user: str) -> pulumi.Output[command.remote.ConnectionArgs]:
        """The connection of ``user``, secret as a whole."""
        return pulumi.Output.secret(
            command.remote.ConnectionArgs(
                host=self.address,
                port=self.port,
                user=user,
                host_key=self.host_key,
                private_key=self.private_key,
                dial_error_limit=DIAL_ERROR_LIMIT,
                per_dial_timeout=PER_DIAL_TIMEOUT,
            )
        )


def agent_problem(environment: Mapping[str, str] = os.environ) -> str | None:
    """Why the SSH agent that ``SSH_AUTH_SOCK`` names can't be used, or None.

    The provider opens that socket even when a key is given, and fails every command if it is dead.
    """
    path = environment.get("SSH_AUTH_SOCK")
    if not path:
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(path)
        except OSError:
            return "names an SSH agent that does not answer: run `unset SSH_AUTH_SOCK` or start the agent"
    return None
