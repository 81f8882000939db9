"""What all controls share: the host's facts, and the control's number and title in the report."""

from __future__ import annotations

import pytest
from testinfra.host import Host

from audit.baselines.facts import Facts


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", "control(number, title): which control of its baseline a test is")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put number and title where the JUnit report has them."""
    for item in items:
        mark = item.get_closest_marker("control")
        if mark is None:
            raise pytest.UsageError(f"{item.nodeid} is no control")
        number, title = mark.args
        name = getattr(item, "originalname", item.name)
        item.user_properties += [
            ("control", number),
            ("title", title or name.removeprefix("test_").replace("_", " ")),
        ]


@pytest.fixture(scope="module")
def facts(host: Host) -> Facts:
    """The host that is asked."""
    return Facts(host)
