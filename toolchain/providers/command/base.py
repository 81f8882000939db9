"""What remote and local commands share: inputs, which text runs, and the transcript of its output."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from toolchain.providers import shape
from toolchain.providers.servicer import Change, Difference, OperationError, Resource, random_hex
from toolchain.providers.wire import UNKNOWN, Properties, Value, differences, plain

COMMON = {
    "create": shape.STRING,
    "update": shape.STRING,
    "delete": shape.STRING,
    "triggers": shape.LIST,
    "stdin": shape.STRING,
    "environment": shape.TEXTS,
    "logging": shape.STRING,
    "addPreviousOutputInEnv": shape.BOOLEAN,
}
LOGGING = ("stdout", "stderr", "stdoutAndStderr", "none")
_LOGGED_STREAMS = {"stdout": ("stdout",), "stderr": ("stderr",), "none": ()}
_BOTH = ("stdout", "stderr")
_LONGEST_LOGGED_LINE = 16 * 1024
_CHUNK = 64 * 1024
_NAMED_ESCAPES = {
    **{char: f"\\{letter}" for char, letter in zip("\a\b\f\n\r\t\v", "abfnrtv", strict=True)},
    "\\": "\\\\",
    '"': '\\"',
}


class Reader(Protocol):
    """A stream of bytes: of a local process or of an SSH channel."""

    async def read(self, n: int = -1, /) -> bytes:
        """Give at most `n` bytes, nothing at the end."""
        ...


@dataclass(kw_only=True)
class Transcript:
    """What a command wrote: each stream by itself, and both in the order of arrival for errors."""

    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    merged: bytearray = field(default_factory=bytearray)

    def outputs(self) -> dict[str, str]:
        """Give `stdout` and `stderr` with one trailing newline cut off, as they are stored."""
        return {"stdout": _text(self.stdout), "stderr": _text(self.stderr)}

    def failure(self, what: str, command: str) -> OperationError:
        """Give the error for a command that failed, in the words of the official plugin."""
        return OperationError(f"{what}: running {quote(command)}:\n{self.merged.decode(errors='replace')}")


class CommandBase(Resource):
    """Checks, compares and chooses; subclasses run the text."""

    members: dict[str, str] = COMMON
    required: tuple[str, ...] = ()

    def check(self, new: Properties) -> tuple[Properties, list[str]]:
        """Check members and types; see Resource.check."""
        failures = shape.problems(new, self.members, self.required)
        logging = plain(new.get("logging"))
        if isinstance(logging, str) and logging not in (*LOGGING, UNKNOWN):
            failures.append(f"logging: must be one of {', '.join(LOGGING)}")
        return new, failures

    def diff(self, old: Properties, old_inputs: Properties, new: Properties) -> Difference:
        """Compare inputs; `triggers` as a whole replaces, its elements do so by the SDK's own option."""
        paths = dict(differences(old_inputs, new))
        return Difference(paths=paths, replaces=("triggers",) if "triggers" in paths else ())

    async def create(self, change: Change) -> tuple[str, Properties]:
        """Run `create`, if there is one."""
        if change.preview:
            return "", change.new | {"stdout": UNKNOWN, "stderr": UNKNOWN}
        text = plain(change.new.get("create"))
        written = (
            (await self.run(change, text, change.new)).outputs() if text else {"stdout": "", "stderr": ""}
        )
        return change.name + random_hex(), change.new | written

    async def update(self, change: Change) -> Properties:
        """Run `update`, or `create` where there is none; with neither, the old output stays."""
        if change.preview:
            return change.new | {"stdout": UNKNOWN, "stderr": UNKNOWN}
        text = plain(change.new.get("update")) or plain(change.new.get("create"))
        if not text:
            return change.new | {name: change.old.get(name, "") for name in _BOTH}
        return change.new | (await self.run(change, text, change.new)).outputs()

    async def delete(self, change: Change) -> None:
        """Run the stored `delete`, if there is one."""
        if text := plain(change.old.get("delete")):
            await self.run(change, text, change.old)

    async def run(self, change: Change, text: str, inputs: Properties) -> Transcript:
        """Run `text` with everything else from `inputs`; raises OperationError when it fails."""
        raise OperationError("this resource type runs nothing")

    async def collect(
        self, stream: Reader, name: str, transcript: Transcript, change: Change, how: Value
    ) -> None:
        """Read one stream to its end; log its lines where `logging` (`how`) says so."""
        target: bytearray = getattr(transcript, name)
        logged = name in _LOGGED_STREAMS.get(how or "", _BOTH)
        pending = b""
        while chunk := await stream.read(_CHUNK):
            target += chunk
            transcript.merged += chunk
            if not logged:
                continue
            *lines, pending = (pending + chunk).split(b"\n")
            if len(pending) > _LONGEST_LOGGED_LINE:
                lines, pending = [*lines, pending], b""
            for line in lines:
                await self._log_line(change, line)
        if pending:
            await self._log_line(change, pending)

    def previous(self, change: Change, inputs: Properties) -> dict[str, str]:
        """Give the variables with the previous output, unless the inputs decline them."""
        if plain(inputs.get("addPreviousOutputInEnv")) is False:
            return {}
        names = {"PULUMI_COMMAND_STDOUT": "stdout", "PULUMI_COMMAND_STDERR": "stderr"}
        return {name: text for name, key in names.items() if (text := plain(change.old.get(key)))}

    async def _log_line(self, change: Change, line: bytes) -> None:
        await self.provider.log(change.urn, line[:_LONGEST_LOGGED_LINE].decode(errors="replace").rstrip("\r"))


def quote(text: str) -> str:
    """Quote as Go's strconv.Quote does: the form in which errors show the command."""
    quoted = []
    for char in text:
        if char in _NAMED_ESCAPES:
            quoted.append(_NAMED_ESCAPES[char])
        elif char.isprintable():
            quoted.append(char)
        elif ord(char) < 0x80:
            quoted.append(f"\\x{ord(char):02x}")
        else:
            quoted.append(f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}")
    return '"' + "".join(quoted) + '"'


def _text(written: bytearray) -> str:
    return written.decode(errors="replace").removesuffix("\n")
