"""This project: `pulumi up` of the stack `local`, in a copy with a state of its own."""

from __future__ import annotations

from pathlib import Path

from bench import project
from bench.project import Project
from bench.tools.base import Call, Workplace


class Ours:
    """`pulumi up --yes --skip-preview` and `pulumi preview`, which look at the host first."""

    name = "ours"

    def version(self) -> str:
        return Project(Path()).version()

    def open(self, place: Workplace) -> None:
        Project(place.folder).make()

    def converge(self, place: Workplace, body_size: int) -> Call:
        return self._configured(place, body_size).up()

    def preview(self, place: Workplace, body_size: int) -> Call:
        return self._configured(place, body_size).preview()

    def changes(self, output: str) -> int | None:
        return project.changes(output)

    def _configured(self, place: Workplace, body_size: int) -> Project:
        chosen = Project(place.folder)
        chosen.configure(place.host, {"gateway": {"clientMaxBodySize": f"{body_size}MiB"}})
        return chosen
