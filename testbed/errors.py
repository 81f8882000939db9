"""The one error that people see."""

from __future__ import annotations


class TestbedError(Exception):
    """A test host can't be made, reached or changed; the message is one plain line with the next step."""

    __test__ = False  # the name starts with "Test": keep pytest from collecting it
