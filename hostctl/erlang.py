"""Asking the RabbitMQ node of this host by ``erl_call``: rabbitmqctl starts an Erlang VM for each question.

Source: Erlang/OTP, ``erl_call(1)``; the package erlang-base, which rabbitmq-server depends on, brings it.
"""

from __future__ import annotations

import base64
import itertools
import os
import re
from pathlib import Path

from hostctl.errors import HostError
from hostctl.run import run

ENVIRONMENT_FILE = Path("/etc/rabbitmq/rabbitmq-env.conf")
PROGRAM = Path("/usr/bin/erl_call")
# it reads the node's cookie from its user's home: as an argument others could read it
_AS_RABBITMQ = ("runuser", "--user", "rabbitmq", "--", "env", "HOME=/var/lib/rabbitmq")

_calls = itertools.count()


def node_name() -> str | None:
    """The node's name as the server's settings give it, or None where they leave it to the host's name."""
    try:
        text = ENVIRONMENT_FILE.read_text()
    except OSError:
        return None
    found = re.findall(r"^\s*(?:RABBITMQ_)?NODENAME=([\w.@-]+)\s*$", text, re.MULTILINE)
    return found[-1] if found else None


def evaluate(expression: str, *, timeout: float = 15) -> bytes | None:
    """What an expression of type iodata comes to in the node; None where it can't be asked, or the expression fails."""
    node = node_name()
    if node is None or not PROGRAM.exists():
        return None
    kind = "-name" if "." in node.partition("@")[2] else "-sname"
    # a call is turned away under a name that the node knows, and -r takes its own from the second of the clock
    name = f"dhanman-{os.getpid()}-{next(_calls)}"
    argv = [*_AS_RABBITMQ, str(PROGRAM), "-h", name, kind, node, "-e"]
    try:
        done = run(
            argv,
            stdin=f"binary_to_list(base64:encode(iolist_to_binary({expression}))).\n",
            check=False,
            timeout=timeout,
        )
    except HostError:
        return None
    return _decoded(done.stdout.strip()) if done.returncode == 0 else None


def _decoded(answer: str) -> bytes | None:
    if text := re.fullmatch(r'\{ok, ?"([A-Za-z0-9+/=]*)"\}', answer):
        return base64.b64decode(text[1])
    # from 65536 characters on (Erlang's external term format, STRING_EXT) it shows them as the numbers that they are
    if numbers := re.fullmatch(r"\{ok, ?\[([0-9, ]*)\]\}", answer):
        return base64.b64decode(bytes(int(n) for n in numbers[1].split(",") if n.strip()))
    return None
