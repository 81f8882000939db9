"""Rules for secrets: marked everywhere, and none that somebody could guess."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.resource import UNKNOWN, Resource, Unit
from policies.rules.commands import SHELL_OF
from policies.stack import Breach, Stack

MINIMUM = 16
"""Characters of a password that nobody types."""

_NAME = re.compile(r"(password|private_?key|secret|api_?(key|token)|access_?key)$", re.IGNORECASE)
_TEXT = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(password|pwd|secret|token|api_?key)\s*[=:]\s*[\"']?[^\s\"'$]{6,}",
    re.IGNORECASE,
)
_GENERATED = ("random:index/randomPassword:RandomPassword", "random:index/randomString:RandomString")
_DEFAULTS = ("admin", "administrator", "changeme", "changethis", "default", "dhanman", "guest", "letmein",
             "minioadmin", "password", "postgres", "rabbitmq", "root", "secret", "welcome")  # fmt: skip
_GUESSABLE = re.compile(rf"({'|'.join(_DEFAULTS)})?[\d!@#._-]*", re.IGNORECASE)
_IN_FILE = re.compile(r"(?m)^(?:[A-Z_]*(?:PASSWORD|SECRET_KEY)|repo\d+-cipher-pass)=(\S*)$")
_IN_CONNECTION = re.compile(r"(?:^|;)Password=([^;]*)", re.IGNORECASE)
_IN_SETTINGS = ("RabbitMq.Password", "ObjectStorage.SecretKey")


def nothing_secret_is_plain(stack: Stack) -> Iterator[Breach]:
    """No property looks like a secret that nobody marked as one: it would be readable in the state and in logs."""
    for resource in stack.resources:
        inputs = resource.inputs
        # the installer of hostctl is program text, in which these words are names
        if resource.type == "command:remote:Command" and SHELL_OF in resource.types:
            inputs = {key: value for key, value in inputs.items() if key != "stdin"}
        for path, text in _texts("", inputs):
            if text not in ("", UNKNOWN) and (_NAME.search(path) or _TEXT.search(text)):
                yield Breach(
                    resource=resource,
                    wrong=f"{path} looks like a secret and is not marked as one",
                    do="mark it with pulumi.Output.secret, or send it in a unit",
                )


def no_password_is_a_default(stack: Stack) -> Iterator[Breach]:
    """Passwords are long, nobody's default, and RabbitMQ's guest is gone."""
    do = f"let it be generated, {MINIMUM} characters or more"
    for resource in stack.resources:
        length = resource.inputs.get("length")
        if resource.type in _GENERATED and isinstance(length, int | float) and length < MINIMUM:
            yield Breach(resource=resource, wrong=f"generates {int(length)} characters only", do=do)
    for resource, unit in stack.units:
        for place, password in _passwords(unit):
            if _weak(place, password):
                yield Breach(resource=resource, wrong=f"the password of {place} can be guessed", do=do)
        yield from _guest(resource, unit)


def _texts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every plain text with its path. What is secret is left out, with all that is in it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, member in value.items():
            yield from _texts(f"{path}.{key}" if path else str(key), member)
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _texts(f"{path}[{number}]", member)


def _passwords(unit: Unit) -> Iterator[tuple[str, str]]:
    """Whose password it is, and the password."""
    for thing in unit.of("postgres_role", "object_key"):
        if thing.get("password") is not None:
            yield f"{thing['kind']} {thing.get('name')}", str(thing["password"])
        elif thing.get("login"):
            yield f"{thing['kind']} {thing.get('name')}", ""
    for thing in unit.of("rabbitmq_definitions"):
        for user in thing.get("users", ()):
            yield f"rabbitmq user {user.get('name')}", str(user.get("password") or "")
    for path, text in unit.files.items():
        for password in _IN_FILE.findall(text):
            yield path, password
    for thing in unit.of("deployment"):
        for path, text in _settings(str(thing.get("settings") or "{}")):
            place = f"{thing.get('service')} at {path}"
            if path in _IN_SETTINGS:
                yield place, text
            for password in _IN_CONNECTION.findall(text):
                yield place, password


def _settings(text: str) -> Iterator[tuple[str, str]]:
    try:
        yield from _texts("", json.loads(text))
    except ValueError:
        return


def _weak(place: str, password: str) -> bool:
    owner = place.rpartition(" ")[2].lower()
    return len(password) < MINIMUM or bool(_GUESSABLE.fullmatch(password)) or password.lower() == owner


def _guest(resource: Resource, unit: Unit) -> Iterator[Breach]:
    for thing in unit.of("rabbitmq_definitions"):
        named = any(user.get("name") == "guest" for user in thing.get("users", ()))
        if named or "guest" not in thing.get("absent_users", ()):
            do = "name it in absent_users, and no user so"
            yield Breach(resource=resource, wrong="RabbitMQ's user guest, password guest, stays", do=do)
    for path, text in unit.files.items():
        if re.search(r"(?m)^\s*loopback_users(\.guest\s*=\s*false|\s*=\s*none)", text):
            do = "leave loopback_users.guest = true"
            yield Breach(resource=resource, wrong=f"{path} lets guest in from outside", do=do)
