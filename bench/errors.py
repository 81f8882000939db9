"""What can go wrong in a measurement."""

from __future__ import annotations


class BenchError(Exception):
    """A measurement can't be made; the text is what people read: what failed, where, and what to do next."""
