"""Test hosts: real systemd machines that boot in a second or two, for the local stack and for tests.

``python3 -m testbed up NAME`` on the command line, ``testbed.up(name)`` in a test. Standard library only, so
that it runs before there is a virtual environment.
"""

from __future__ import annotations

from testbed.errors import TestbedError
from testbed.host import Host, up
from testbed.hosts import forget_snapshot
from testbed.paths import Clone
from testbed.state import find_snapshot

__all__ = ["Clone", "Host", "TestbedError", "find_snapshot", "forget_snapshot", "up"]
