"""Runs a chore step by step, with the time that each step took and a sign of life in the long ones."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

HEARTBEAT_SECONDS = 10.0
_TERMINAL_HEARTBEAT_SECONDS = 1.0
_ERROR_TAIL_LINES = 20
_TAIL_BYTES = 8192
_LINE_WIDTH = 110


class StepFailedError(Exception):
    """One step did not succeed; the text is what people read: what failed, why, and what to do next."""


def format_seconds(seconds: float) -> str:
    """Give a duration in seconds as people read it: `0.4 s`, `12 s`, `3 min 05 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class Steps:
    """Says what is being done, one line for each step, on `stream` (standard error unless told otherwise).

    On a terminal a running step rewrites its own line once a second; elsewhere a heartbeat line comes every
    ten seconds. The output of commands goes to `logs`, a directory that is made when the first one runs.
    """

    def __init__(self, logs: Path, stream: TextIO | None = None) -> None:
        """Take `logs` (directory for the output of commands) and the stream that people read."""
        self._logs = logs
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._lock = threading.Lock()

    def note(self, text: str) -> None:
        """Write a line below the current step."""
        with self._lock:
            self._clear()
            print(f"    {text}", file=self._stream, flush=True)

    @contextmanager
    def step(self, title: str, progress: Callable[[], str] | None = None) -> Iterator[None]:
        """Time the block and report it under `title`; `progress` gives the text of the heartbeat."""
        started = time.monotonic()
        over = threading.Event()
        beat = threading.Thread(target=self._heartbeat, args=(title, started, over, progress), daemon=True)
        beat.start()
        ok = False
        try:
            yield
            ok = True
        finally:
            over.set()
            beat.join()
            mark = self._paint("ok", "32") if ok else self._paint("failed", "31")
            with self._lock:
                self._clear()
                took = format_seconds(time.monotonic() - started)
                print(f"{title} ... {mark} ({took})", file=self._stream, flush=True)

    def run(
        self,
        title: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        hint: str = "",
    ) -> None:
        """Run `command` as a step of its own; its output goes to a log whose last line is the heartbeat.

        Raises StepFailedError with the end of that log and `hint` (what to do next) when it fails.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{_slug(title)}.log"
        with self.step(title, lambda: last_line(log)):
            with log.open("wb") as output:
                try:
                    code = subprocess.run(
                        command,
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=output,
                        env=env,
                        cwd=cwd,
                        check=False,
                    ).returncode
                except OSError as error:
                    raise StepFailedError(_failure(title, str(error), "", hint)) from error
            if code:
                raise StepFailedError(_failure(title, f"exit status {code}, log in {log}", _tail(log), hint))

    def _heartbeat(
        self, title: str, started: float, over: threading.Event, progress: Callable[[], str] | None
    ) -> None:
        interval = _TERMINAL_HEARTBEAT_SECONDS if self._terminal else HEARTBEAT_SECONDS
        if self._terminal:
            self._rewrite(f"{title} ...")
        while not over.wait(interval):
            now = progress() if progress else ""
            line = f"{title} ... {format_seconds(time.monotonic() - started)}" + (f"  {now}" if now else "")
            with self._lock:
                if self._terminal:
                    self._rewrite(line)
                else:
                    print(line[:_LINE_WIDTH], file=self._stream, flush=True)

    def _rewrite(self, line: str) -> None:
        self._stream.write(f"\r\x1b[K{line[: _columns() - 1]}")
        self._stream.flush()

    def _clear(self) -> None:
        if self._terminal:
            self._stream.write("\r\x1b[K")

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._terminal and "NO_COLOR" not in os.environ else text


def last_line(log: Path) -> str:
    """Give the last line with text in it of a log that is still being written, or nothing."""
    lines = _tail(log, 1).splitlines()
    return lines[-1].strip() if lines else ""


def _tail(log: Path, count: int = _ERROR_TAIL_LINES) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    lines = [line.split("\r")[-1].rstrip() for line in text.rstrip().splitlines()]
    return "\n".join([line for line in lines if line][-count:])


def _failure(title: str, what: str, tail: str, hint: str) -> str:
    lines = [f"{title}: {what}"]
    lines += [f"    {line}" for line in tail.splitlines()]
    if hint:
        lines.append(hint)
    return "\n".join(lines)


def _slug(title: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split())


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        return _LINE_WIDTH
