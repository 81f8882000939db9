"""How Pulumi is: its state, its versions, and the settings that are still missing."""

from __future__ import annotations

import importlib.metadata
import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from components.settings import Settings
from components.settings.stacks import check_backend
from doctor.findings import Finding, fail, ok, warn
from doctor.pulumi_cli import Cli, PulumiError
from toolchain import versions
from toolchain.paths import CLONE

SDKS = ("pulumi", "pulumi-command", "pulumi-random", "pulumi-cloudflare")
"""Packages whose version must go with the CLI's and the plugins'."""

_PROJECT = "dhanman"
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class State:
    """What Pulumi answered. A value that it did not give is a :class:`PulumiError`.

    ``url``: of the backend. ``stacks``: their names. ``pending``: operations that a run did not end. ``locks``: who
    holds the stack, None where the backend does not show it. ``cli``: version. ``plugins``: versions by name.
    ``installed`` and ``pinned``: versions of the SDKs.
    """

    url: str | PulumiError
    stacks: tuple[str, ...] | PulumiError
    pending: tuple[str, ...] | PulumiError
    locks: tuple[str, ...] | None
    cli: str | PulumiError
    plugins: Mapping[str, tuple[str, ...]] | PulumiError
    installed: Mapping[str, str]
    pinned: Mapping[str, str]


def look(cli: Cli, stack: str) -> State:
    """Ask the CLI, all at once."""

    def stacks() -> tuple[str, ...]:
        return tuple(str(entry["name"]).rpartition("/")[2] for entry in cli.ask_json("stack", "ls", "--json"))

    def pending() -> tuple[str, ...]:
        # without --show-secrets: what is encrypted stays so
        exported = cli.ask_json("stack", "export", "--stack", stack)
        operations = (exported.get("deployment") or {}).get("pending_operations") or ()
        return tuple(f"{o['type']} {o['resource']['urn'].rpartition('::')[2]}" for o in operations)

    def plugins() -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for entry in cli.ask_json("plugin", "ls", "--json"):
            if entry.get("kind") == "resource":
                found[entry["name"]] = (*found.get(entry["name"], ()), str(entry.get("version")))
        return found

    with ThreadPoolExecutor() as pool:
        url = pool.submit(_tried(lambda: str(cli.ask_json("whoami", "--json")["url"])))
        names = pool.submit(_tried(stacks))
        operations = pool.submit(_tried(pending))
        version = pool.submit(_tried(lambda: cli.ask("version").strip().removeprefix("v")))
        installed = pool.submit(_tried(plugins))
        where = url.result()
        return State(
            url=where,
            stacks=names.result(),
            pending=operations.result(),
            locks=None if isinstance(where, PulumiError) else locks(where, stack),
            cli=version.result(),
            plugins=installed.result(),
            installed=_installed(),
            pinned=pins(CLONE / "requirements.txt"),
        )


def _tried(work: Callable[[], _T]) -> Callable[[], _T | PulumiError]:
    def run() -> _T | PulumiError:
        try:
            return work()
        except PulumiError as error:
            return error
        except (AttributeError, KeyError, TypeError):
            return PulumiError("pulumi answered in a form that is not known here")

    return run


def _installed() -> dict[str, str]:
    found = {}
    for name in SDKS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def pins(file: Path) -> dict[str, str]:
    """The SDKs' versions in a file of pinned requirements; none if there is no such file."""
    if not file.is_file():
        return {}
    found = re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: version for name, version in found if name in SDKS}


def locks(url: str, stack: str) -> tuple[str, ...] | None:
    """Who holds the stack, where the state is a folder of this machine; None where it is not."""
    parts = urlsplit(url)
    if parts.scheme != "file":
        return None
    folder = Path(unquote(parts.netloc + parts.path)).expanduser()
    found = []
    for file in sorted(folder.glob(f".pulumi/locks/**/{_PROJECT}/{stack}/*.json")):
        try:
            lock: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            found.append(f"{lock['username']} on {lock['hostname']} since {lock['timestamp'][:16]}")
        except (OSError, ValueError, KeyError, TypeError):
            found.append("somebody")
    return tuple(found)


def shown(url: str) -> str:
    """A backend's address without what may be a secret in it: user, password, and all behind a question mark."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def judge_state(state: State, stack: str, settings: Settings | None, project: Path) -> list[Finding]:
    """Backend, stack, what a run left behind, versions."""
    return [
        *_backend(state, stack, settings, project),
        *_left_behind(state, stack),
        _cli(state),
        _plugins(state),
        _sdks(state),
    ]


def _backend(state: State, stack: str, settings: Settings | None, project: Path) -> list[Finding]:
    if isinstance(state.url, PulumiError):
        return [fail("pulumi backend", str(state.url), "PULUMI_BACKEND_URL and the access that it needs")]
    environment = {"PULUMI_BACKEND_URL": state.url}
    problems = check_backend(settings, environment, project) if settings else []
    if problems:
        text, _, remedy = problems[0].text.partition("; ")
        first = fail("pulumi backend", text, remedy)
    else:
        first = ok("pulumi backend", shown(state.url))
    if isinstance(state.stacks, PulumiError):
        return [
            first,
            fail("pulumi stack", str(state.stacks), "PULUMI_BACKEND_URL and the access that it needs"),
        ]
    if stack not in state.stacks:
        return [first, fail("pulumi stack", f"{stack} is not in this backend", f"pulumi stack init {stack}")]
    return [first, ok("pulumi stack", f"{stack} exists")]


def _left_behind(state: State, stack: str) -> list[Finding]:
    found = []
    if state.locks:
        text = f"locked by {state.locks[0]}"
        found.append(warn("pulumi lock", text, f"if that run is gone: pulumi cancel --stack {stack}"))
    if isinstance(state.pending, PulumiError):
        # without the stack there is nothing to know, and that is said already
        if not isinstance(state.stacks, PulumiError) and stack in state.stacks:
            remedy = "the access that PULUMI_BACKEND_URL needs"
            found.append(warn("pulumi operations", f"not known: {state.pending}", remedy))
    elif state.pending:
        text = f"not ended by the run that began them: {', '.join(state.pending[:3])}"
        remedy = f"pulumi up --stack {stack}, then pulumi refresh --stack {stack} --clear-pending-creates"
        found.append(warn("pulumi operations", text, remedy))
    else:
        found.append(ok("pulumi operations", "none pending" + (", no lock" if state.locks == () else "")))
    return found


def _cli(state: State) -> Finding:
    if isinstance(state.cli, PulumiError):
        return fail("pulumi cli", str(state.cli), "make setup")
    if _parts(state.cli) < _parts(versions.PULUMI_MINIMUM):
        return fail("pulumi cli", f"{state.cli}; {versions.PULUMI_MINIMUM} or newer is needed", "make setup")
    return ok("pulumi cli", state.cli)


def _plugins(state: State) -> Finding:
    if isinstance(state.plugins, PulumiError):
        return fail("pulumi plugins", str(state.plugins), "make setup")
    missing = [
        f"{name} {version}"
        for name, version in versions.PLUGINS.items()
        if version not in state.plugins.get(name, ())
    ]
    if missing:
        return fail("pulumi plugins", f"not installed: {', '.join(missing)}", "make setup")
    return ok("pulumi plugins", ", ".join(f"{name} {version}" for name, version in versions.PLUGINS.items()))


def _sdks(state: State) -> Finding:
    other = [
        f"{name} is {state.installed.get(name, 'missing')}, not {version}"
        for name, version in state.pinned.items()
        if state.installed.get(name) != version
    ]
    if other:
        return fail("pulumi sdk", f"not as in requirements.txt: {'; '.join(other)}", "make setup")
    return ok("pulumi sdk", f"{state.installed.get('pulumi', 'unknown')}, as in requirements.txt")


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def judge_placeholders(settings: Settings) -> list[Finding]:
    """A line for each setting that a preview can do without and an update can't."""
    return [
        warn("settings", f"{'/'.join(p.path)}: {p.what} is not set yet", p.command)
        for p in settings.placeholders
    ] or [ok("settings", "complete")]
