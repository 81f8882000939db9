"""From Pulumi's configuration to :class:`Settings`, or to everything that is wrong with it."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import SecretStr, ValidationError

from components.artifacts import CACHE, pack
from components.settings import placeholders, raw
from components.settings.applications import Runtime
from components.settings.data import AptSource
from components.settings.edge import Cloudflare
from components.settings.messages import is_secret, keys_of, path_of, text_of
from components.settings.model import Settings, StackFile
from components.settings.problems import Path, Placeholder, Problem, SettingsError
from components.settings.repair import repair
from components.settings.rules import RULES

OVERLAY = ".local/overlay.yaml"
_CLOUDFLARE = {"cloudflare:apiToken": "apiToken", "cloudflare:baseUrl": "baseUrl"}
_REPAIRS = 4


def load(
    stack: str,
    config: Mapping[str, Any],
    *,
    secret_keys: Iterable[str] = (),
    overlay: Mapping[str, Any] | None = None,
    project: FilePath,
) -> Settings:
    """The settings of ``stack``.

    ``config``: Pulumi's whole configuration map, keys with their namespace. ``secret_keys``: what of it is
    secret, as ``services`` or more exactly ``services/sales/secrets/Auth0.ClientSecret``. ``overlay``: what a
    local environment adds. ``project``: the folder that artifact and key files are relative to; only their
    existence and the keys' text are looked at.

    Raises :class:`SettingsError` with every problem at once.
    """
    return _Loading(stack, config, secret_keys, overlay or {}, project).settings()


class _Loading:
    def __init__(
        self,
        stack: str,
        config: Mapping[str, Any],
        secret_keys: Iterable[str],
        overlay: Mapping[str, Any],
        project: FilePath,
    ) -> None:
        self.stack, self.project, self.overlay = stack, project, overlay
        self.file = f"Pulumi.{stack}.yaml"
        self.secrets: Collection[Path] = [
            tuple(k.removeprefix(f"{raw.PROJECT}:").split("/")) for k in secret_keys
        ]
        # A deep copy, since stand-ins and repairs are written into it.
        self.tree: dict[str, Any] = copy.deepcopy(raw.merge(raw.nested(config), overlay))
        self.cloudflare = {name: config[key] for key, name in _CLOUDFLARE.items() if config.get(key)}
        self.overlaid = set(raw.paths(overlay))
        self.missing: tuple[Placeholder, ...] = ()
        self.keys: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.repaired: list[Path] = []

    def settings(self) -> Settings:
        if self.tree.get("environment") != "local":
            self.missing = placeholders.fill(self.stack, self.tree)
            r2 = raw.get(self.tree, ("backup", "bucket", "kind")) == "r2"
            if r2 or placeholders.at_cloudflare(self.tree):
                self.missing += placeholders.fill_cloudflare(self.stack, self.cloudflare)
        parsed = self._parse()
        if parsed is not None:
            self._check_files(parsed)
            self._check_rules(parsed)
        if self.problems or parsed is None:
            raise SettingsError(sorted(set(self.problems)))
        fields = {name: getattr(parsed, name) for name in StackFile.model_fields}
        return Settings.model_construct(
            **fields,
            stack=self.stack,
            file=self.file,
            cloudflare=self._cloudflare(),
            keys=self.keys,
            placeholders=self.missing,
        )

    def _parse(self) -> StackFile | None:
        """The model; where there are errors, one of what remains after a repair, if that is possible."""
        for attempt in range(_REPAIRS):
            try:
                return StackFile.model_validate(self.tree)
            except ValidationError as error:
                found = [(path_of(detail, self.tree), detail) for detail in error.errors(include_url=False)]
            # What a repair itself leaves missing is no error of the user's.
            new = [(path, d) for path, d in found if attempt == 0 or not self._touches_repair(path)]
            for path, detail in new:
                secret = is_secret(path, self.secrets)
                text = text_of(detail, path, secret=secret, known_keys=tuple(keys_of(StackFile)))
                self._report(path, text + self._next_step(path, detail["type"]))
            self.repaired += [path for path, _ in found]
            repair(self.tree, [(path, detail["type"]) for path, detail in found])
        return None

    def _cloudflare(self) -> Cloudflare | None:
        if "apiToken" not in self.cloudflare:
            return None
        return Cloudflare.model_construct(
            api_token=SecretStr(str(self.cloudflare["apiToken"])), base_url=self.cloudflare.get("baseUrl")
        )

    def _touches_repair(self, path: Path) -> bool:
        return any(path[: len(done)] == done or done[: len(path)] == path for done in self.repaired)

    def _next_step(self, path: Path, kind: str) -> str:
        made = path[:1] == ("hosts",) and path[-1] in ("address", "hostKey", "port")
        if self.stack == "local" and (made or path == ("ssh",)) and not raw.get(self.overlay, path[:1]):
            return f"; make local starts the host and writes it to {OVERLAY}"
        return ""

    def _check_files(self, parsed: StackFile) -> None:
        artifacts = [(("services", name, "artifact"), s.artifact) for name, s in parsed.services.items()]
        for path, artifact in [*artifacts, (("frontend", "artifact"), parsed.frontend.artifact)]:
            if artifact.path is None:
                continue
            where = self.project / artifact.path
            if not where.exists():
                self._report(
                    (*path, "path"), f"{artifact.path} does not exist; build it, or correct the path"
                )
            elif where.is_file() and not where.name.endswith((".tar.gz", ".tgz")):
                self._report((*path, "path"), f"{artifact.path} is neither a folder nor a .tar.gz")
            elif artifact.sha256 and (found := pack(where, self.project / CACHE).sha256) != artifact.sha256:
                text = f"is not that of {artifact.path} ({found}); correct it, or build the artifact again"
                self._report((*path, "sha256"), text)
        self._check_programs(parsed)
        sources: list[tuple[Path, AptSource]] = [(("postgres", "repository"), parsed.postgres.repository)]
        runtimes: list[tuple[Path, Runtime]] = [(("runtime",), parsed.runtime)]
        runtimes += [(("services", n, "runtime"), s.runtime) for n, s in parsed.services.items() if s.runtime]
        sources += [((*p, "feed"), r.feed) for p, r in runtimes if r.kind == "dotnet" and r.feed]
        for path, source in sources:
            if source.key_file is not None:
                self._read_key((*path, "keyFile"), source.key_file, source)

    def _check_programs(self, parsed: StackFile) -> None:
        wanted = parsed.object_storage
        programs = {"artifact": wanted.artifact, "client": wanted.client} if wanted else {}
        for name, program in programs.items():
            if program and program.path and not (self.project / program.path).exists():
                text = f"{program.path} does not exist; save the program there, or correct the path"
                self._report(("objectStorage", name, "path"), text)
            elif program and program.path and program.sha256:
                # a folder's is that of what it is packed as
                found = pack(self.project / program.path, self.project / CACHE).sha256
                if found != program.sha256:
                    text = f"is not that of {program.path} ({found}); correct it, or fetch the program again"
                    self._report(("objectStorage", name, "sha256"), text)

    def _read_key(self, path: Path, key_file: str, source: AptSource) -> None:
        where = self.project / key_file
        what = f"the signing key of {source.uri}"
        if where.is_file():
            self.keys[key_file] = where.read_text(encoding="ascii", errors="replace")
            if not self.keys[key_file].lstrip().startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----"):
                self._report(path, f"{key_file} is no ASCII-armoured public key; export it with gpg --armor")
        elif self.tree.get("environment") == "local":
            self._report(path, f"{key_file} does not exist; save {what} there")
        else:
            self.keys[key_file] = placeholders.APT_KEY
            command = f"save it as {key_file} (fingerprint {source.fingerprint})"
            self.missing += (Placeholder(path=path, what=what, command=command),)

    def _check_rules(self, parsed: StackFile) -> None:
        for rule in RULES:
            for finding in rule(self.stack, parsed):
                inputs = (finding.path, *finding.also)
                if any(self._touches_repair(path) for path in inputs):
                    continue
                text = finding.text
                if any(path[: len(secret)] == secret for path in inputs for secret in self.secrets):
                    text = "does not fit the other values (it is kept as a secret, so nothing more is said)"
                self._report(finding.path, text, finding.also)

    def _report(self, path: Path, text: str, also: tuple[Path, ...] = ()) -> None:
        file = OVERLAY if path in self.overlaid else self.file
        self.problems.append(Problem(file=file, path=path, text=text, also=also))
