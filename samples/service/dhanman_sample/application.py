"""The life of the process: arguments, settings, listeners, signals, stop."""

from __future__ import annotations

import argparse
import functools
import os
import re
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import log, settings
from .errors import StartError
from .handler import Handler
from .listeners import listen
from .server import Server
from .service import Service

_FOLDER = Path(__file__).resolve().parent.parent
_DEFAULT_URL = "http://localhost:5000"
_SLOT = re.compile(r"\b(blue|green)\b")


def main(arguments: Sequence[str]) -> int:
    """Run the service until SIGINT or SIGTERM; return 0 after a stop, 1 if it could not start."""
    parser = argparse.ArgumentParser(prog="dhanman-sample", description="A stand-in for one Dhanman service.")
    parser.add_argument("--urls", default=_DEFAULT_URL, help="where to listen; several with ; between them")
    urls: str = parser.parse_args(arguments).urls
    try:
        service, drain_seconds = _service(urls, os.environ)
        listeners = listen(urls)
    except StartError as error:
        log.error(str(error))
        return 1
    server = Server(listeners, functools.partial(Handler, service), drain_seconds=drain_seconds)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.stop())
    title = f"{service.name} {service.version} ({service.environment})"
    log.info(f"{title} listens on {', '.join(dict.fromkeys(listener.url for listener in listeners))}")
    abandoned = server.run()
    if abandoned:
        log.error(f"{title} gave up {abandoned} request(s) after {drain_seconds:g} s")
    log.info(f"{title} stopped")
    return 0


def _service(urls: str, environ: Mapping[str, str]) -> tuple[Service, float]:
    environment = environ.get("ASPNETCORE_ENVIRONMENT") or "Production"
    loaded = settings.load(Path.cwd(), environment, environ)
    if loaded.flag("Sample:ExitAtStart"):
        raise StartError("Sample:ExitAtStart is set")
    slot = _SLOT.search(urls)
    service = Service(
        name=loaded.text("Service:Name", "dhanman-sample"),
        version=version(),
        environment=environment,
        slot=slot.group() if slot else "",
        settings=loaded,
        started_at=time.monotonic() + loaded.seconds("Sample:StartDelaySeconds"),
        fail_ready=loaded.flag("Sample:FailReady"),
    )
    return service, loaded.seconds("Sample:DrainSeconds", default=30)


def version() -> str:
    """What the file VERSION of the release says."""
    try:
        return (_FOLDER / "VERSION").read_text(encoding="ascii").strip()
    except OSError as error:
        raise StartError(f"{_FOLDER / 'VERSION'}: {error.strerror}") from None
