"""The rules. Each is a pure function from one resource to what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from policies.resource import SECRET, UNKNOWN, Resource

Rule = Callable[[Resource], Iterator[str]]

GUARDED_STACKS = ("prod", "qa")
_REMOTE = "command:remote:"
_COMMANDS = ("command:remote:Command", "command:local:Command")
_TEXTS = ("create", "update", "delete")
_HOSTCTL = r"sudo -n /usr/local/lib/dhanman/hostctl (apply|delete|confirm|uninstall)"
_DRIFT = r"( --drift=[0-9a-f]{16})?"
_REMOTE_TEXT = re.compile(
    rf"timeout --kill-after=30s \d+m ({_HOSTCTL}{_DRIFT}|(sudo -n )?sh -s( --{_DRIFT})?)"
)
_LOCAL_TEXT = re.compile(r"timeout \d+m \S+ -m components(\.\w+)+")
_SHELL_OF = "dhanman:remote:Bootstrap"
# roles, defaults and programs can be made again from the settings, and keys are replaced by others
_REPLACEABLE = ("-roles", "-defaults", "-key", "-program", "-client")
_DATA = ("dhanman:postgres:PostgresServer", "dhanman:postgres:Database", "dhanman:rabbitmq:Rabbitmq",
         "dhanman:backup:BackupBucket", "dhanman:object_storage:ObjectStorage",
         "dhanman:object_storage:ObjectBackup")  # fmt: skip
_PASSWORD = "random:index/randomPassword:RandomPassword"
_SECRET_NAME = re.compile(r"(password|private_?key|secret|api_?(key|token)|access_?key)$", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(password|pwd|secret|token|api_?key)\s*[=:]\s*[\"']?[^\s\"'$]{6,}",
    re.IGNORECASE,
)


def host_key_is_checked(resource: Resource) -> Iterator[str]:
    """A connection names the host's key: without it the provider trusts anyone.

    A connection that is secret as a whole shows none of its members; tests look inside.
    """
    if not resource.type.startswith(_REMOTE):
        return
    connection = resource.inputs.get("connection")
    if connection in (SECRET, UNKNOWN):
        return
    if not isinstance(connection, dict) or not connection.get("hostKey"):
        yield "the connection has no hostKey, so that any server would be trusted"


def nothing_secret_is_plain(resource: Resource) -> Iterator[str]:
    """No input looks like a secret that nobody marked as one."""
    # the installer of hostctl is program text, in which these words are names
    if resource.type == "command:remote:Command" and _SHELL_OF in resource.types:
        inputs: Any = {k: v for k, v in resource.inputs.items() if k != "stdin"}
    else:
        inputs = resource.inputs
    for path, text in _texts("", inputs):
        if text in (SECRET, UNKNOWN, ""):
            continue
        if _SECRET_NAME.search(path) or _SECRET_TEXT.search(text):
            yield f"{path} looks like a secret and is not marked as one"


def _texts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _texts(f"{path}.{key}" if path else str(key), member)
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _texts(f"{path}[{number}]", member)


def data_is_protected(resource: Resource) -> Iterator[str]:
    """What holds data can't be deleted in prod and qa."""
    holds = any(kind in resource.types[:-1] for kind in _DATA) and not resource.name.endswith(_REPLACEABLE)
    # a password that was rotated is replaced at its next turn, which protection would forbid
    holds = holds and not (resource.type == _PASSWORD and resource.inputs.get("keepers"))
    if resource.stack in GUARDED_STACKS and holds and not resource.protect:
        yield "holds data and is not protected"


def command_texts_are_fixed(resource: Resource) -> Iterator[str]:
    """A command is one of a few fixed texts: what varies, and every secret, travels on stdin."""
    if resource.type not in _COMMANDS:
        return
    remote = resource.type.startswith(_REMOTE)
    for key in _TEXTS:
        text = resource.inputs.get(key)
        if text is None:
            continue
        allowed = (_REMOTE_TEXT if remote else _LOCAL_TEXT).fullmatch(str(text))
        if not allowed:
            yield f"{key} is none of the fixed command texts"
        elif remote and " sh -s" in str(text) and _SHELL_OF not in resource.types:
            yield f"{key} runs a shell: only the bootstrap may"
    if resource.inputs.get("environment"):
        yield "environment is set: values travel on stdin"


def units_travel_as_secrets(resource: Resource) -> Iterator[str]:
    """The document of a unit is a secret as a whole."""
    applies = str(resource.inputs.get("create", "")).endswith("hostctl apply")
    if applies and resource.inputs.get("stdin") not in (SECRET, UNKNOWN):
        yield "stdin is not secret"


RULES: tuple[Rule, ...] = (
    host_key_is_checked,
    nothing_secret_is_plain,
    data_is_protected,
    command_texts_are_fixed,
    units_travel_as_secrets,
)


def check(resources: Iterable[Resource]) -> list[str]:
    """Everything that breaks a rule, one line each."""
    return [f"{r.name} ({r.type}): {text}" for r in resources for rule in RULES for text in rule(r)]
