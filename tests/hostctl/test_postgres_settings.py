"""Which changed settings wait for a restart."""

from __future__ import annotations

from typing import Any

import pytest

from hostctl import postgres_settings
from hostctl.postgres_settings import same_value, settings, waiting_for_restart
from tests.hostctl.tools import Tools


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("max_connections = 200", {"max_connections": "200"}),
        ("  Max_Connections=200 # of all services", {"max_connections": "200"}),
        ("listen_addresses = 'a, b' # both", {"listen_addresses": "a, b"}),
        ("log_line_prefix = '%t ''%u'' # '", {"log_line_prefix": "%t '%u' # "}),
        ("search_path = ''", {"search_path": ""}),
        ("pg_stat_statements.max = 5000", {"pg_stat_statements.max": "5000"}),
        ("# max_connections = 200", {}),
        ("max_connections 200", {"max_connections": "200"}),
        ("max_connections =", {}),
        ("", {}),
    ],
)
def test_a_line_of_the_configuration_is_a_name_and_a_value(line: str, found: dict[str, str]) -> None:
    assert settings(line) == found


def test_a_quote_at_the_end_of_a_value_belongs_to_it() -> None:
    assert settings("cluster_name = '''main'''") == {"cluster_name": "'main'"}


def test_of_two_lines_for_a_name_the_last_one_counts() -> None:
    assert settings("port = 1\nwork_mem = '4MB'\nPORT = 2\n") == {"port": "2", "work_mem": "4MB"}


@pytest.mark.parametrize(
    ("current", "wanted", "unit"),
    [
        ("4GB", "4096MB", "8kB"),
        ("128MB", "16384", "8kB"),
        ("1d", "24h", "min"),
        ("100us", "0.1ms", "ms"),
        ("200", "200.0", None),
        ("on", "true", None),
        ("off", "NO", None),
        ("replica", "replica", None),
    ],
)
def test_one_value_in_other_words_is_the_same(current: str, wanted: str, unit: str | None) -> None:
    assert same_value(current, wanted, unit)


@pytest.mark.parametrize(
    ("current", "wanted", "unit"),
    [
        ("4GB", "4", "8kB"),
        ("200", "201", None),
        ("on", "off", None),
        ("replica", "logical", None),
        ("4XB", "4GB", "8kB"),
        ("200", "replica", None),
    ],
)
def test_another_value_is_not(current: str, wanted: str, unit: str | None) -> None:
    assert not same_value(current, wanted, unit)


@pytest.fixture
def asked(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """What a server on port 5433, which runs with 100 connections, 128 MB and a path of its own, is asked."""
    queries: list[tuple[int, str]] = []
    rows: list[dict[str, Any]] = [
        {"name": "max_connections", "unit": None, "value": "100", "default": "100"},
        {"name": "shared_buffers", "unit": "8kB", "value": "128MB", "default": "16384"},
        {"name": "external_pid_file", "unit": None, "value": "/run/x.pid", "default": ""},
    ]

    def query(port: int, sql: str) -> dict[str, Any]:
        queries.append((port, sql))
        return {"rows": [row for row in rows if f"'{row['name']}'" in sql.partition(" AND name IN ")[2]]}

    monkeypatch.setattr(postgres_settings, "query", query)
    tools.answer("systemctl show", "ActiveState=active\n")
    tools.answer("pg_conftool --short 18 main show port", "5433\n")
    return queries


@pytest.mark.parametrize(
    ("old", "new", "waiting"),
    [
        ("max_connections = 100", "max_connections = 300", ["max_connections"]),
        ("shared_buffers = 128MB", "shared_buffers = '16384'", []),
        ("shared_buffers = 128MB", "shared_buffers = 1GB\nmax_connections = 5", ["max_connections", "shared_buffers"]),
        ("max_connections = 300", "", []),
        ("external_pid_file = '/run/x.pid'", "", ["external_pid_file"]),
        ("work_mem = 4MB", "work_mem = 8MB", []),
    ],
)  # fmt: skip
def test_only_what_needs_a_restart_and_really_is_another_value_waits(
    asked: list[tuple[int, str]], old: str, new: str, waiting: list[str]
) -> None:
    assert waiting_for_restart("18/main", [(old, new)]) == waiting
    assert [port for port, _ in asked] == [5433]
    assert "context = 'postmaster'" in asked[0][1]


def test_only_lines_that_changed_are_asked_for(asked: list[tuple[int, str]]) -> None:
    waiting_for_restart("18/main", [("a = 1\nb = 1", "a = 1\nb = 2"), ("", "c = 1")])
    assert asked[0][1].endswith("name IN ('b', 'c');")


def test_equal_texts_ask_nobody(asked: list[tuple[int, str]], tools: Tools) -> None:
    assert waiting_for_restart("18/main", [("port = 1", "port=1 # same")]) == []
    assert not asked
    assert not tools.calls


def test_a_server_that_is_not_running_waits_for_nothing(asked: list[tuple[int, str]], tools: Tools) -> None:
    tools.answer("systemctl show", "ActiveState=inactive\n")
    assert waiting_for_restart("18/main", [("", "max_connections = 300")]) == []
    assert tools.calls[0].endswith(" postgresql@18-main.service")
    assert asked == []


def test_a_server_that_does_not_answer_is_not_said_to_wait(
    asked: list[tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_settings, "query", lambda _port, _sql: None)
    assert waiting_for_restart("18/main", [("", "max_connections = 300")]) == []
