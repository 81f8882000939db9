"""The one error that ends the start of the service with a plain line."""

from __future__ import annotations


class StartError(Exception):
    """The service cannot start; the text is one line for people and holds no secret."""
