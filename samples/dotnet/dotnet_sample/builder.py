"""From pinned packages and the sources in ``source/`` to two archives; same inputs, same digests.

What was built before is found in ``${XDG_CACHE_HOME:-~/.cache}/dhanman-infra/dotnet/<key>/``.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import packages

_PROGRAM = Path(__file__).resolve().parent
_SOURCE = _PROGRAM.parent / "source"
_CARRIED = ("VERSION", "appsettings.json")
_RUNTIME_FOLDERS = ("host", "shared/Microsoft.NETCore.App", "shared/Microsoft.AspNetCore.App")
_RUNTIME_FILES = ("dotnet", "LICENSE.txt", "ThirdPartyNotices.txt")
_COMPILE_SECONDS = 300
_ASSEMBLY = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*")
# Content and mode by the name in the archive.
_Files = dict[str, tuple[bytes, int]]


def main(arguments: list[str]) -> int:
    """Build what the cache does not have yet and print it; return 0, or 1 after one line on what is wrong."""
    parser = argparse.ArgumentParser(description="Build the ASP.NET Core sample service.")
    parser.add_argument("--assembly", default="Dhanman.Sample", help="name of the program, without .dll")
    assembly: str = parser.parse_args(arguments).assembly
    try:
        if not _ASSEMBLY.fullmatch(assembly):
            raise packages.PackageError(f"--assembly: {assembly!r} is no name like Dhanman.Sales")
        folder = build(assembly)
    except (packages.PackageError, OSError) as error:
        print(f"samples/dotnet: {error}", file=sys.stderr)
        return 1
    print(json.dumps(describe(folder, assembly), indent=2))
    return 0


def build(assembly: str) -> Path:
    """Return the folder with ``artifact.tar.gz`` and ``runtime.tar.gz``; build them if they are not there."""
    target = cache_folder() / cache_key(assembly)
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the rename at the end is atomic and no half-built folder is ever found.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".building-") as scratch:
        work = Path(scratch)
        for name in ("sdk", "apt", "result"):
            (work / name).mkdir()
        _say(f"downloading {packages.SDK_PACKAGE} {packages.SDK_VERSION} (113 MB)")
        sdk = packages.fetch_sdk(work / "sdk")
        _say(f"downloading {packages.OPENSSL_PACKAGE} {packages.OPENSSL_VERSION}")
        libraries = packages.fetch_openssl(work / "apt")
        for name, content in libraries.items():
            (sdk / name).write_bytes(content)
        _say(f"compiling {assembly}.dll")
        _write(work / "result/artifact.tar.gz", _artifact(sdk, assembly, work))
        _say("packing the runtime")
        _write(work / "result/runtime.tar.gz", _runtime(sdk, libraries))
        try:
            (work / "result").rename(target)
        except OSError:
            # Another build was quicker; its result is the same.
            if not target.exists():
                raise
    return target


def describe(folder: Path, assembly: str) -> dict[str, object]:
    """Return the paths, the digests and the way to run them; ``{runtime}`` and ``{artifact}`` are folders."""
    return {
        **{
            name: {"path": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
            for name in ("artifact", "runtime")
            for path in [folder / f"{name}.tar.gz"]
        },
        "command": f"{{runtime}}/dotnet {{artifact}}/{assembly}.dll --urls {{urls}}",
        "environment": {"LD_LIBRARY_PATH": "{runtime}/lib", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
    }


def cache_folder() -> Path:
    """Return where builds are kept, outside the tree so that a second clone finds them."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "dhanman-infra/dotnet"


def cache_key(assembly: str) -> str:
    """Return a digest of everything that the result depends on."""
    digest = hashlib.sha256(assembly.encode())
    for path in sorted([*_PROGRAM.glob("*.py"), *_SOURCE.iterdir()]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _artifact(sdk: Path, assembly: str, work: Path) -> _Files:
    library = work / f"{assembly}.dll"
    references = sorted(sdk.glob("packs/Microsoft.*.App.Ref/*/ref/*/*.dll"))
    compiler = next(sdk.glob("sdk/*/Roslyn/bincore/csc.dll"))
    arguments = [
        "-nologo -nostdlib -langversion:8.0 -optimize+ -deterministic -warnaserror -debug-",
        f'-pathmap:"{_SOURCE}"=/source',
        f'-out:"{library}"',
        *(f'-r:"{path}"' for path in references),
        *(f'"{path}"' for path in sorted(_SOURCE.glob("*.cs"))),
    ]
    response_file = work / "arguments.rsp"
    response_file.write_text("\n".join(arguments), encoding="utf-8")
    done = subprocess.run(
        [str(sdk / "dotnet"), "exec", str(compiler), "-noconfig", f"@{response_file}"],
        env={**os.environ, "LD_LIBRARY_PATH": str(sdk), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_COMPILE_SECONDS,
        check=False,
    )
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line] or ["no message"]
        raise packages.PackageError(f"the C# compiler failed: {lines[0]}")
    framework = next(sdk.glob("shared/Microsoft.AspNetCore.App/*")).name
    settings = {
        "runtimeOptions": {
            "tfm": "netcoreapp3.1",
            "framework": {"name": "Microsoft.AspNetCore.App", "version": framework},
            "configProperties": {"System.Globalization.Invariant": True},
        }
    }
    return {
        f"{assembly}.dll": (library.read_bytes(), 0o644),
        f"{assembly}.runtimeconfig.json": (json.dumps(settings, indent=2).encode() + b"\n", 0o644),
        **{name: ((_SOURCE / name).read_bytes(), 0o644) for name in _CARRIED},
    }


def _runtime(sdk: Path, libraries: dict[str, bytes]) -> _Files:
    files: _Files = {f"lib/{name}": (content, 0o644) for name, content in libraries.items()}
    for path in _runtime_paths(sdk):
        mode = 0o755 if path.name == "dotnet" else 0o644
        files[str(path.relative_to(sdk))] = (path.read_bytes(), mode)
    return files


def _runtime_paths(sdk: Path) -> Iterator[Path]:
    for name in _RUNTIME_FILES:
        yield sdk / name
    for name in _RUNTIME_FOLDERS:
        # The static libraries too: the host checks that all files of its manifest are there.
        yield from (path for path in (sdk / name).rglob("*") if path.is_file())


def _write(target: Path, files: _Files) -> None:
    """Write an archive whose digest depends on names, content and modes alone."""
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, (content, mode) in sorted(files.items()):
            information = tarfile.TarInfo(name)
            information.size, information.mode = len(content), mode
            archive.addfile(information, io.BytesIO(content))


def _say(text: str) -> None:
    print(f"samples/dotnet: {text}", file=sys.stderr, flush=True)
