"""What a change does: exactly what the preview shows, by reload where that suffices, and back if it fails."""

from __future__ import annotations

import time

import pytest

from tests.acceptance.world import World

pytestmark = pytest.mark.host


def _pid(world: World, unit: str) -> str:
    return world.run(f"systemctl show {unit} -p MainPID --value").strip()


def test_a_gateway_setting_changes_one_unit_by_reload(world: World) -> None:
    master = _pid(world, "nginx.service")
    with world.changed({"gateway": {"clientMaxBodySize": "33MiB"}}):
        assert world.preview() == ["gateway-nginx"]
        start = time.monotonic()
        said = world.up()
        assert time.monotonic() - start < 60
        assert "reload nginx.service" in said
        assert "restart" not in said
        assert f"client_max_body_size {33 * 1024**2}" in world.run("nginx -T 2>/dev/null")
        assert _pid(world, "nginx.service") == master


def test_one_services_limit_asks_for_a_new_process_of_that_service_alone(world: World) -> None:
    sales, common = world.slot("sales"), world.slot("common")
    before = _pid(world, common)
    with world.changed({"services": {"sales": {"memoryMax": "200MiB"}}}):
        assert world.preview() == ["sales-service"]
        world.up()
        assert world.slot("sales") != sales
        shown = world.run(f"systemctl show {world.slot('sales')} -p MemoryMax --value")
        assert int(shown) == 200 * 1024**2
        assert (world.slot("common"), _pid(world, common)) == (common, before)


def test_postgresql_reloads_what_it_can_and_restarts_for_the_rest(world: World) -> None:
    server = "postgresql@18-main.service"
    before = _pid(world, server)
    with world.changed({"postgres": {"workMem": "9MiB"}}):
        assert world.preview() == ["postgres-server"]
        world.up()
        assert world.run("runuser -u postgres -- psql -XAtc 'SHOW work_mem'").strip() == "9MB"
        assert _pid(world, server) == before
    with world.changed({"postgres": {"settings": {"max_locks_per_transaction": 80}}}):
        said = world.up()
        assert "PostgreSQL restart needed: max_locks_per_transaction" in said
        assert _pid(world, server) != before


def test_a_broken_snippet_fails_in_nginx_own_words_and_the_old_configuration_serves(world: World) -> None:
    with world.changed({"gateway": {"snippets": {"server": "brocken_directive on;"}}}):
        said = world.up(check=False)
        assert 'unknown directive "brocken_directive"' in said
        assert "now: " in said
        assert "next: " in said
        assert "Traceback" not in said
        assert world.ask("https://sales.dhanman.test/health").status == 200
        world.run("nginx -t")
    assert "unchanged" in world.up("--expect-no-changes")


def test_a_bad_postgresql_setting_is_refused_before_it_is_in_place(world: World) -> None:
    with world.changed({"postgres": {"settings": {"checkpoint_timeout": "'banana'"}}}):
        said = world.up(check=False)
        assert "checkpoint_timeout" in said
        assert "validation failed" in said
        assert world.run("runuser -u postgres -- psql -XAtc 'SHOW checkpoint_timeout'").strip() == "5min"
        assert "banana" not in world.run("cat /etc/postgresql/18/main/conf.d/dhanman.conf")


def test_a_service_that_never_gets_ready_is_taken_back(world: World) -> None:
    failing = {"services": {"sales": {"settings": {"Sample": {"FailReady": True}}, "readyTimeout": 5}}}
    with world.changed(failing):
        said = world.up(check=False)
        assert "/health/ready" in said
        assert "not within 5 s" in said
        answer = world.ask("https://sales.dhanman.test/health/ready", "--retry", "10", "--retry-delay", "1")
        assert answer.status == 200
    assert world.ask("https://sales.dhanman.test/health/ready").status == 200


def test_what_was_changed_by_hand_is_named(world: World) -> None:
    world.run("echo '# by hand' >> /etc/dhanman/firewall.nft; systemctl stop dhanman-payroll-local.service")
    observed = world.run("/usr/local/lib/dhanman/hostctl observe")
    assert "file:/etc/dhanman/firewall.nft: content" in observed
    assert "service:dhanman-payroll-local.service: inactive" in observed
    world.run(
        "sed -i '/# by hand/d' /etc/dhanman/firewall.nft; systemctl start dhanman-payroll-local.service"
    )
    assert world.ask("https://payroll.dhanman.test/health/ready", "--retry", "10").status == 200
