"""Rules for what runs on hosts and on the deploying machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.resource import UNKNOWN, Secret, plain
from policies.stack import Breach, Stack

REMOTE = "command:remote:"
LOCAL = "command:local:Command"
_COMMANDS = ("command:remote:Command", LOCAL)
_TEXTS = ("create", "update", "delete")
_HOSTCTL = r"sudo -n /usr/local/lib/dhanman/hostctl (apply|delete|confirm|uninstall)"
_DRIFT = r"( --drift=[0-9a-f]{16})?"
_REMOTE_TEXT = re.compile(
    rf"timeout --kill-after=30s \d+m ({_HOSTCTL}{_DRIFT}|(sudo -n )?sh -s( --{_DRIFT})?)"
)
_LOCAL_TEXT = re.compile(r"timeout \d+m \S+ -m components(\.\w+)+")
_KEY = re.compile(r"(ssh|ecdsa|sk)-[\w@.-]+ [A-Za-z0-9+/]{16,}={0,2}")
SHELL_OF = "dhanman:remote:Bootstrap"


def host_key_is_checked(stack: Stack) -> Iterator[Breach]:
    """A connection names the host's key: without it the provider trusts any server."""
    do = "set hosts.<name>.hostKey (`make host-key HOST=<address>` prints it)"
    for resource in stack.resources:
        if SHELL_OF in resource.types and resource.type == LOCAL:
            connection = _login_in(resource.inputs.get("stdin"))
        elif resource.type.startswith(REMOTE):
            connection = plain(resource.inputs.get("connection"))
        else:
            continue
        if connection == UNKNOWN:
            continue
        key = _key_in(connection) if isinstance(connection, Mapping) else None
        if not key:
            yield Breach(resource=resource, wrong="the connection has no hostKey", do=do)
        elif key != UNKNOWN and not _KEY.match(str(key)):
            yield Breach(resource=resource, wrong="the connection's hostKey is no public key", do=do)


def _key_in(connection: Mapping[str, Any]) -> Any:
    return plain(connection.get("hostKey") or connection.get("host_key"))


def _login_in(stdin: Any) -> Any:
    text = plain(stdin)
    try:
        return text if text == UNKNOWN else json.loads(str(text)).get("login")
    except (ValueError, AttributeError):
        return None


def command_texts_are_fixed(stack: Stack) -> Iterator[Breach]:
    """A command is one of a few fixed texts: a failing command's error repeats it, so all that varies is on stdin."""
    do = "send what varies on stdin (components/remote)"
    for resource in stack.resources:
        if resource.type not in _COMMANDS:
            continue
        remote = resource.type.startswith(REMOTE)
        for key in _TEXTS:
            text = resource.inputs.get(key)
            if text is None:
                continue
            if not (_REMOTE_TEXT if remote else _LOCAL_TEXT).fullmatch(str(text)):
                yield Breach(resource=resource, wrong=f"{key} is none of the fixed command texts", do=do)
            elif remote and " sh -s" in str(text) and SHELL_OF not in resource.types:
                yield Breach(resource=resource, wrong=f"{key} runs a shell: only the bootstrap may", do=do)
        if resource.inputs.get("environment"):
            yield Breach(resource=resource, wrong="environment is set", do=do)


def units_travel_as_secrets(stack: Stack) -> Iterator[Breach]:
    """The document of a unit is a secret as a whole, since passwords are in it."""
    for resource in stack.resources:
        if resource.applies and not isinstance(resource.inputs.get("stdin"), Secret):
            do = "wrap it in pulumi.Output.secret, as HostUnit does"
            yield Breach(resource=resource, wrong="stdin is not secret", do=do)
