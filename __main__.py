"""Dhanman's production, QA and local environments: ``pulumi up --stack prod`` makes one of them."""

from __future__ import annotations

import gc
import os
import signal
from datetime import UTC, datetime

import pulumi

from components.access import look_at_names, observe
from components.environment import Environment
from components.remote.connection import agent_problem
from components.settings import Problem, Settings, SettingsError, fail, read, refusal

OVERRIDE = "DHANMAN_WITHOUT_DRILL"
"""The environment variable that holds the reason to change what could lose data without a restore drill."""
SHOWN_TO_USER = 32
"""The exit status by which the language host knows that everything was said."""


def end_quietly(_signal: int, _frame: object) -> None:
    """A resource failed, or somebody pressed Ctrl-C: Pulumi says so itself, and a traceback from here helps nobody."""
    os._exit(SHOWN_TO_USER)


def heed_window(settings: Settings) -> None:
    """End an update at a time at which the stack is not to be changed; say so in a preview."""
    refused, anyway = refusal(settings.file, settings.deploy_window, datetime.now(UTC), os.environ)
    if refused and not pulumi.runtime.is_dry_run():
        fail([refused])
    if refused or anyway:
        pulumi.log.warn(str(refused or anyway))


def without_drill(settings: Settings) -> str:
    """The reason to change what could lose data without a restore drill, if there is one; it is shown."""
    reason = " ".join(os.environ.get(OVERRIDE, "").split())
    if reason and settings.requires_drill:
        pulumi.log.warn(f"{settings.file}: backup/requireDrill: {OVERRIDE} says to go on without: {reason}")
    return reason


def main() -> None:
    """Read the settings, make the environment, export what CI reads."""
    try:
        settings = read(dry_run=pulumi.runtime.is_dry_run())
    except SettingsError as error:
        fail(error.problems)
    heed_window(settings)
    if not pulumi.runtime.is_dry_run() and (problem := agent_problem()):
        fail([Problem(file="environment", path=("SSH_AUTH_SOCK",), text=problem)])
    for placeholder in settings.placeholders:
        pulumi.log.warn(f"{settings.file}: {placeholder} (a placeholder stands in for it)")
    try:
        observer = observe(settings)
    except SettingsError as error:
        fail(error.problems)
    for host, reason in observer.unreachable.items() if observer else ():
        pulumi.log.warn(f"{host} was not observed, and the plan shows what the last run left there: {reason}")
    names = look_at_names(settings)
    if isinstance(names, str):
        pulumi.log.warn(f"the zone was not looked at: {names}")
        names = None
    try:
        environment = Environment(settings, observer, without_drill(settings), names)
    except SettingsError as error:
        # where no host was asked, a key that can't be read shows here
        fail(error.problems)
    for name, value in environment.outputs.items():
        pulumi.export(name, value)
    if observer:
        observer.end(announce=pulumi.runtime.is_dry_run(), report=os.environ.get("DHANMAN_DRIFT_REPORT"))


gc.disable()  # a tenth of a run went into looking for garbage, of which a program of seconds makes little
signal.signal(signal.SIGINT, end_quietly)
main()
