"""A constant load of POST requests over TLS, and what became of each: vegeta, built once from pinned sources."""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.errors import BenchError
from scripts.steps import Steps
from toolchain import golang, paths
from toolchain.locks import alone

_MODULE = Path(__file__).resolve().parent / "vegeta"
_PACKAGE = "github.com/tsenart/vegeta/v12"
REQUEST_LIMIT = 60
"""Seconds after which an unanswered request has failed."""
WORKERS = 200
"""Requests under way at once: a machine that can't keep up sends fewer, and NGINX's connections never run out."""
_OK = 200
_NANOSECONDS = 1e9


@dataclass(frozen=True, kw_only=True)
class Request:
    """``sent``: seconds since the epoch. ``seconds``: until it was answered. ``instance``: who answered, or ''.

    ``retry_after``: what a refusal says, or ''.
    """

    sent: float
    seconds: float
    status: int
    error: str
    instance: str
    retry_after: str = ""

    @property
    def failed(self) -> bool:
        """Whether the client got anything but a 200."""
        return self.status != _OK or bool(self.error)


@dataclass(frozen=True, kw_only=True)
class Target:
    """``url`` is asked at ``address`` (IP) whatever its name resolves to; only ``certificate`` (a CA) is trusted."""

    url: str
    address: str
    certificate: Path


def program(steps: Steps) -> Path:
    """The load generator, built at the first call (needs Go) into the shared cache, under its sources' digest."""
    target = paths.cache() / "bench" / f"vegeta-{digest(_MODULE)}"
    build(steps, "Building the load generator", _MODULE, _PACKAGE, target)
    return target


def digest(module: Path) -> str:
    """Sixteen hexadecimal digits of a Go module's files and the machine's kind."""
    found = hashlib.sha256(f"{sys.platform} {platform.machine()}".encode())
    for file in sorted(path for path in module.iterdir() if path.suffix in (".go", ".mod", ".sum")):
        found.update(file.read_bytes())
    return found.hexdigest()[:16]


def build(steps: Steps, title: str, module: Path, package: str, target: Path) -> None:
    """Build a Go program of ``module`` unless ``target`` is there; raises StepFailedError with the compiler's words."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with alone(target.with_suffix(".lock"), steps, f"{title}: waiting for another run"):
        if target.exists():
            return
        draft = target.with_suffix(".new")
        flags = {
            "CGO_ENABLED": "0",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            "GOFLAGS": "-mod=readonly -buildvcs=false",
        }
        command = [str(golang.find_go(steps, paths.cache())), "build", "-trimpath", "-o", str(draft), package]
        hint = "A proxy for Go modules is set with GOPROXY."
        steps.run(title, command, env=os.environ | flags, cwd=module, hint=hint)
        draft.rename(target)


class Load:
    """Requests at a constant rate until it is stopped, as long as not too many wait for an answer."""

    def __init__(self, vegeta: Path, target: Target, folder: Path, *, rate: int, http2: bool = False) -> None:
        """Start at once. ``rate``: requests per second. ``folder``: new, for targets and results."""
        folder.mkdir(parents=True)
        self._vegeta = vegeta
        self._results = folder / "results.bin"
        (folder / "body").write_bytes(b"x" * 256)
        (folder / "target").write_text(f"POST {target.url}\n@{folder / 'body'}\n")
        host = target.url.split("/")[2]
        self._log = folder / "vegeta.log"
        command = [
            *(str(vegeta), "attack", f"-rate={rate}/s", "-duration=0", f"-targets={folder / 'target'}"),
            *(f"-connect-to={host}:443:{target.address}:443", f"-root-certs={target.certificate}"),
            *(
                f"-timeout={REQUEST_LIMIT}s",
                "-max-body=0",
                f"-max-workers={WORKERS}",
                f"-http2={str(http2).lower()}",
            ),
            f"-output={self._results}",
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self) -> list[Request]:
        """Send nothing more, wait for what is under way; all requests in the order of their answers."""
        ended = self._process.poll()
        if ended is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(REQUEST_LIMIT + 10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise BenchError("the load generator does not end") from None
        else:
            raise BenchError(f"the load generator ended by itself: {self._log.read_text().strip()}")
        return list(self._read())

    def _read(self) -> Iterator[Request]:
        command = [str(self._vegeta), "encode", "--to=json", str(self._results)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as encoder:
            assert encoder.stdout is not None
            for line in encoder.stdout:
                yield parsed(json.loads(line))


def parsed(result: Mapping[str, Any]) -> Request:
    """One of vegeta's results."""
    headers = result.get("headers") or {}
    return Request(
        sent=datetime.fromisoformat(result["timestamp"]).timestamp(),
        seconds=result["latency"] / _NANOSECONDS,
        status=result["code"],
        error=result["error"],
        instance=(headers.get("X-Instance") or [""])[0],
        retry_after=(headers.get("Retry-After") or [""])[0],
    )


@contextmanager
def load(
    vegeta: Path, target: Target, folder: Path, *, rate: int, http2: bool = False
) -> Iterator[list[Request]]:
    """The requests of a load that lasts as long as the block; the list is filled at its end."""
    running = Load(vegeta, target, folder, rate=rate, http2=http2)
    requests: list[Request] = []
    try:
        yield requests
    finally:
        requests += running.stop()


def failures(requests: Iterable[Request]) -> list[str]:
    """Each failed request in words: what the client saw, and when."""
    return [
        f"{datetime.fromtimestamp(r.sent):%H:%M:%S.%f}: {r.status} {r.error} after {r.seconds:.3f} s"
        for r in requests
        if r.failed
    ]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that ``share`` (0 to 1) of all values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
