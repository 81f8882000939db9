"""The one place where Pulumi's configuration and the files around it are read."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any, NoReturn

import pulumi
import yaml
from pulumi.runtime import config as pulumi_config

from components.settings.loader import OVERLAY, load
from components.settings.model import Settings
from components.settings.problems import Problem, SettingsError
from components.settings.raw import PROJECT, secure_paths
from components.settings.stacks import check_backend, shared_addresses

PROJECT_FOLDER = FilePath(__file__).resolve().parents[2]

# The language host then takes it that everything was said and adds no "exited with ..." of its own.
_SHOWN_TO_USER = 32


def read(*, dry_run: bool, project: FilePath = PROJECT_FOLDER) -> Settings:
    """The settings of the stack that Pulumi is running.

    ``dry_run``: a preview, which works with placeholders; an update needs every value and a state backend
    of its own. Raises :class:`SettingsError` with all problems.
    """
    stack = pulumi.get_stack()
    config = pulumi_config.get_config_env() | pulumi_config.CONFIG.get()
    keys = {*pulumi_config.get_config_secret_keys_env(), *pulumi_config._SECRET_KEYS.get()}
    settings, problems = combine(stack, config, keys, project)
    if not dry_run:
        problems += settings.missing()
        problems += check_backend(settings, os.environ, project)
    if problems:
        raise SettingsError(problems)
    return settings


def combine(
    stack: str, config: Mapping[str, Any], secret_keys: Iterable[str], project: FilePath
) -> tuple[Settings, list[Problem]]:
    """The settings from Pulumi's configuration, the files around it and the environment; for whoever has the former.

    ``config``: Pulumi's whole configuration map, decrypted. ``secret_keys``: the keys of it that Pulumi marks as
    secret. Second: what does not go together with the other stacks' files. Raises :class:`SettingsError`.
    """
    config = dict(config)
    if token := os.environ.get("CLOUDFLARE_API_TOKEN"):
        config.setdefault("cloudflare:apiToken", token)
    if url := os.environ.get("CLOUDFLARE_BASE_URL"):
        config.setdefault("cloudflare:baseUrl", url)
    files = {path.name: _config_of(path) for path in sorted(project.glob("Pulumi.*.yaml"))}
    own = files.pop(f"Pulumi.{stack}.yaml", {})
    overlay = _yaml(project / OVERLAY) if stack == "local" else None
    settings = load(
        stack, config, secret_keys=secret_paths(secret_keys, own), overlay=overlay, project=project
    )
    return settings, shared_addresses(settings, files)


def secret_paths(keys: Iterable[str], own: Mapping[str, Any]) -> list[str]:
    """What of the configuration is secret, as exactly as the stack file tells.

    Pulumi marks a whole top-level object as secret if anything in it is; the stack file says which values.
    A key that is not marked there (set on the command line, say) counts as secret as a whole.
    """
    found = []
    for key in keys:
        if key.startswith(f"{PROJECT}:"):
            top = key.removeprefix(f"{PROJECT}:")
            found += ["/".join(path) for path in secure_paths(own.get(key), (top,))] or [top]
    return found


def fail(problems: Iterable[Problem]) -> NoReturn:
    """Prints each problem on its line and ends the program with a failure, without a traceback."""
    for problem in problems:
        pulumi.log.error(str(problem))
    sys.exit(_SHOWN_TO_USER)


def _config_of(path: FilePath) -> dict[str, Any]:
    config = _yaml(path).get("config")
    return config if isinstance(config, dict) else {}


def _yaml(path: FilePath) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1} " if mark else ""
        text = f"{line}is no valid YAML; correct it and run again"
        raise SettingsError([Problem(file=_shown(path), path=(), text=text)]) from None
    return content if isinstance(content, dict) else {}


def _shown(path: FilePath) -> str:
    return OVERLAY if path.name == FilePath(OVERLAY).name else path.name
