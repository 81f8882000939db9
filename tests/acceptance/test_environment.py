"""What stands after ``pulumi up`` on a bare host, seen from outside and from inside."""

from __future__ import annotations

import json
import socket

import pytest

from tests.acceptance.world import World

pytestmark = pytest.mark.host

SERVICES = ("common", "community", "inventory", "payroll", "purchase", "sales")
SECURITY_HEADERS = (
    "strict-transport-security",
    "x-frame-options",
    "x-content-type-options",
    "x-xss-protection",
)


def test_a_second_up_changes_nothing_and_opens_one_connection_to_look(world: World) -> None:
    before = world.connections()
    said = world.up("--expect-no-changes")
    assert "unchanged" in said
    assert world.connections() == before + 1


def test_the_host_differs_in_nothing_from_what_was_applied(world: World) -> None:
    observed = json.loads(world.run("/usr/local/lib/dhanman/hostctl observe"))["units"]
    assert {unit: seen["differences"] for unit, seen in observed.items() if seen["differences"]} == {}
    assert len(observed) >= 20


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_answers_by_name_over_tls_and_is_logged_in(world: World, service: str) -> None:
    answer = world.ask(f"https://{service}.dhanman.test/health/ready")
    assert (answer.status, answer.version) == (200, "2")
    checks = json.loads(answer.body)["checks"]
    assert f"local-dhanman-{service} as dhanman_user" in checks["postgres"]["detail"]
    assert "virtual host local as dhanman_a" in checks["rabbitmq"]["detail"]


@pytest.mark.parametrize("path", ["/health", "/nothing-here", "/hangfire"])
def test_every_answer_has_the_security_headers(world: World, path: str) -> None:
    headers = world.ask(f"https://sales.dhanman.test{path}").headers
    assert [name for name in SECURITY_HEADERS if name not in headers] == []


def test_hangfire_is_refused(world: World) -> None:
    assert world.ask("https://sales.dhanman.test/hangfire").status == 403
    assert world.ask("https://sales.dhanman.test/Hangfire/jobs").status == 403


def test_a_route_of_the_front_end_gives_the_page_uncached(world: World) -> None:
    page = world.ask("https://app.dhanman.test/invoices/42")
    assert page.status == 200
    assert "<title>" in page.body
    assert "no-cache" in page.headers["cache-control"] or "no-store" in page.headers["cache-control"]


def test_an_asset_is_immutable_and_a_missing_one_is_no_page(world: World) -> None:
    page = world.ask("https://app.dhanman.test/").body
    asset = next(word.split('"')[0] for word in page.split('src="') if word.startswith("/assets/"))
    assert "immutable" in world.ask(f"https://app.dhanman.test{asset}").headers["cache-control"]
    assert world.ask("https://app.dhanman.test/assets/app.0000000000.js").status == 404


def test_plain_http_is_redirected(world: World) -> None:
    answer = world.ask("http://sales.dhanman.test/invoices?page=2")
    assert answer.status == 301
    assert answer.headers["location"] == "https://sales.dhanman.test/invoices?page=2"


def test_databases_and_broker_are_reached_from_the_private_range_alone(world: World) -> None:
    inside = world.host.address
    world.host.add_address("198.51.100.10/24")
    for port in (5432, 5672, 15672):
        assert _opens(inside, port), f"{port} from {inside}"
        assert not _opens("198.51.100.10", port), f"{port} from outside"
    for port in (22, 80, 443):
        assert _opens("198.51.100.10", port), f"{port} from outside"


def _opens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=2).close()
    except OSError:
        return False
    return True


def test_the_documents_port_leads_to_the_service(world: World) -> None:
    body = world.run("curl --silent --fail http://localhost:5206/health")
    assert json.loads(body)["status"] == "Healthy"


def test_a_service_runs_hardened_and_as_its_own_user(world: World) -> None:
    unit = world.slot("sales")
    shown = world.run(f"systemctl show {unit} -p User,MemoryMax,LimitNOFILE,NoNewPrivileges,ProtectSystem")
    assert "User=dhanman-sales-local" in shown
    assert f"MemoryMax={256 * 1024**2}" in shown
    assert "LimitNOFILE=65536" in shown
    other = world.settings_file("common")
    refused = world.host.run(f"runuser -u dhanman-sales-local -- cat {other}", check=False)
    assert refused.returncode != 0
    assert "Permission denied" in refused.stderr


def test_there_is_no_guest_and_the_broker_keeps_to_its_node_name(world: World) -> None:
    users = world.run("rabbitmqctl --quiet list_users --formatter json")
    assert [u["user"] for u in json.loads(users)] == ["dhanman_a"]
    assert world.run("rabbitmqctl --quiet eval 'node().'").strip().strip("'") == "rabbit@localhost"


def test_postgresql_is_tuned_to_the_settings_and_keeps_checksums(world: World) -> None:
    query = "SELECT name || '=' || setting FROM pg_settings WHERE name IN ('shared_buffers','data_checksums')"
    rows = world.run(f'runuser -u postgres -- psql -XAtc "{query}"').split()
    assert sorted(rows) == ["data_checksums=on", f"shared_buffers={1024**3 // 8192}"]


def test_everything_is_up_again_after_a_reboot(world: World) -> None:
    world.host.reboot()
    world.run("systemctl is-system-running --wait", check=False)
    assert world.run("systemctl list-units --failed --no-legend --plain") == ""
    for service in SERVICES:
        answer = world.ask(
            f"https://{service}.dhanman.test/health/ready", "--retry", "20", "--retry-delay", "1"
        )
        assert answer.status == 200
    assert "unchanged" in world.up("--expect-no-changes")
    assert world.run("nft list table inet dhanman").count("dport 22") == 1
