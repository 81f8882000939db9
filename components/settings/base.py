"""What all models of the stack file have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """A part of the stack file: keys in camelCase, unknown ones refused, unchangeable once read."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=False,
        hide_input_in_errors=True,
        defer_build=True,  # each is built with the one that holds it, not for itself as well
    )
