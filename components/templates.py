"""Rendering a component's templates; a template's path below ``files/`` is the path of the file on the host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2

from components.sandbox import SANDBOX
from components.unit import File


class Templates:
    """The templates of one component. A value that a template names and nobody gives is an error."""

    def __init__(self, module_file: str) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(module_file).with_name("files")),
            undefined=jinja2.StrictUndefined,
            autoescape=False,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
            # "{#" is a shell expansion
            comment_start_string="{##",
            comment_end_string="##}",
        )
        self._environment.globals["sandbox"] = SANDBOX

    def add_filter(self, name: str, function: Callable[[str], str]) -> None:
        """Make a function known to the templates."""
        self._environment.filters[name] = function

    def render(self, template: str, **values: Any) -> str:
        """The text of the template with these values."""
        return self._environment.get_template(template.lstrip("/")).render(values)

    def file(self, path: str, *notify: str, mode: str = "0644", **values: Any) -> File:
        """The file at ``path`` of the host, from the template of the same path."""
        return File(path=path, content=self.render(path, **values), mode=mode, notify=notify)
