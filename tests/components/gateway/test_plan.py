from __future__ import annotations

from dataclasses import replace

from components.gateway.plan import gateway_unit
from components.gateway.spec import GatewaySpec, Limits, Rate, Site, Snippets
from components.unit import Absent, File, Packages, Service, Symlink, Unit

SANDBOX = "/etc/systemd/system/nginx.service.d/dhanman.conf"
SALES = Site(
    service="sales",
    domain="sales.dhanman.com",
    certificate="/pem/s.crt",
    certificate_key="/pem/s.key",
)
COMMON = Site(
    service="common", domain="common.dhanman.com", certificate="/pem/c.crt", certificate_key="/pem/c.key"
)


def text(unit: Unit, path: str) -> str:
    return next(t.content for t in unit.things if isinstance(t, File) and t.path == path)


def plan(**changes: object) -> Unit:
    values: dict[str, object] = {"environment": "prod", "sites": (COMMON, SALES)}
    return gateway_unit(GatewaySpec(**(values | changes)))  # type: ignore[arg-type]


def test_each_service_has_upstream_server_and_logs_of_its_own() -> None:
    site = text(plan(), "/etc/nginx/sites-available/dhanman-prod")
    for service in ("common", "sales"):
        assert f"upstream dhanman-{service}-prod {{" in site
        assert f"server unix:/run/dhanman/prod/{service}.sock;" in site
        assert site.count(f"server_name {service}.dhanman.com;") == 2
        assert f"access_log /var/log/nginx/dhanman-{service}-prod-access.log dhanman;" in site
        assert f"error_log /var/log/nginx/dhanman-{service}-prod-error.log;" in site
    assert "ssl_certificate /pem/s.crt;" in site
    assert "ssl_certificate_key /pem/s.key;" in site


def test_the_documents_timeouts_and_buffers_hold() -> None:
    proxy = text(plan(), "/etc/nginx/dhanman/proxy.conf")
    for directive in ("connect_timeout 60s", "send_timeout 60s", "read_timeout 60s", "buffers 8 4k"):
        assert f"proxy_{directive};" in proxy


def test_http2_and_the_pool_are_written_as_the_version_wants_them() -> None:
    old, new = plan(nginx_version=(1, 22, 1)), plan(nginx_version=(1, 30, 6))
    assert "listen 443 ssl http2;" in text(old, "/etc/nginx/dhanman/listen.conf")
    assert "http2 on;" not in text(old, "/etc/nginx/dhanman/listen.conf")
    assert "listen 443 ssl;\nlisten [::]:443 ssl;\nhttp2 on;" in text(new, "/etc/nginx/dhanman/listen.conf")
    site = "/etc/nginx/sites-available/dhanman-prod"
    # Older versions do not know the value 0, newer ones pool without it.
    assert "keepalive 0;" not in text(old, site)
    assert "keepalive 0;" in text(new, site)


def test_a_host_without_ipv6_listens_on_ipv4_alone() -> None:
    assert not [t for t in plan(ipv6=False).things if isinstance(t, File) and "[::]" in t.content]


def test_the_key_exchange_is_mozillas_and_post_quantum_where_openssl_knows_it() -> None:
    (tls,) = (t for t in plan().things if isinstance(t, File) and t.path.endswith("/tls.conf"))
    assert "ssl_ecdh_curve ?X25519MLKEM768:X25519:prime256v1:secp384r1;" in tls.content
    assert tls.older
    assert (tls.older.package, tls.older.below) == ("openssl", "3.3")
    assert "ssl_ecdh_curve X25519:prime256v1:secp384r1;" in tls.older.content


def test_snippets_go_in_as_they_are() -> None:
    http, server = "map $a $b {\n  default '{{ x }}';\n}", "location /x {\n  return 204;\n}"
    unit = plan(snippets=Snippets(http=http, server=server))
    assert http in text(unit, "/etc/nginx/conf.d/dhanman.conf")
    assert text(unit, "/etc/nginx/sites-available/dhanman-prod").count(server) == 2


def test_limits_reach_the_configuration() -> None:
    limits = Limits(client_max_body_size="3m", websocket_timeout=11, connections=12, client_timeout=13)
    site = replace(SALES, rate=Rate(requests_per_second=7, burst=9))
    unit = plan(limits=limits, sites=(COMMON, site))
    shared = text(unit, "/etc/nginx/conf.d/dhanman.conf")
    assert "limit_req_zone $binary_remote_addr zone=dhanman-sales-prod:4m rate=7r/s;" in shared
    assert "limit_req_zone $binary_remote_addr zone=dhanman-common-prod:4m rate=50r/s;" in shared
    sites = text(unit, "/etc/nginx/sites-available/dhanman-prod")
    for directive in (
        "limit_req zone=dhanman-sales-prod burst=9 nodelay",
        "client_max_body_size 3m",
        "proxy_read_timeout 11s",
    ):
        assert f"{directive};" in sites
    clients = text(unit, "/etc/nginx/dhanman/clients.conf")
    assert "limit_conn dhanman_connections 12;" in clients
    assert "client_body_timeout 13s;" in clients


def test_the_hashes_of_passwords_are_for_nginx_alone() -> None:
    unit = plan(hangfire_users={"anita": "$6$salt$hash"})
    (users,) = (t for t in unit.things if isinstance(t, File) and t.path.endswith(".htpasswd"))
    assert (users.mode, users.owner, users.group) == ("0640", "root", "www-data")
    assert users.content == "anita:$6$salt$hash\n"
    assert unit.redact == ("$6$salt$hash",)
    assert "auth_basic" not in text(plan(), "/etc/nginx/sites-available/dhanman-prod")


def test_http3_is_offered_where_nginx_knows_it() -> None:
    assert "quic" not in text(plan(), "/etc/nginx/dhanman/listen.conf")
    unit = plan(http3=True)
    assert "listen 443 quic;" in text(unit, "/etc/nginx/dhanman/listen.conf")
    assert "quic reuseport default_server" in text(unit, "/etc/nginx/conf.d/dhanman.conf")
    assert "Alt-Svc" in text(unit, "/etc/nginx/dhanman/headers.conf")
    old = plan(http3=True, nginx_version=(1, 22, 0))
    assert not any("quic" in t.content for t in old.things if isinstance(t, File))
    assert "Alt-Svc" not in text(old, "/etc/nginx/dhanman/headers.conf")


def test_only_trusted_proxies_may_name_the_client() -> None:
    assert "real_ip_header" not in text(plan(), "/etc/nginx/conf.d/dhanman.conf")
    shared = text(plan(trusted_proxies=("173.245.48.0/20",)), "/etc/nginx/conf.d/dhanman.conf")
    assert "set_real_ip_from 173.245.48.0/20;\nreal_ip_header X-Forwarded-For;" in shared


def test_every_change_of_configuration_reloads_nginx_after_its_own_check() -> None:
    unit = plan()
    changes = [t for t in unit.things if isinstance(t, File | Symlink | Absent)]
    assert {t.path for t in changes if t.notify != ("reload nginx.service",)} == {SANDBOX}
    assert unit.validations[0].argv[:2] == ("/usr/sbin/nginx", "-t")


def test_the_sandbox_takes_effect_with_a_restart_and_leaves_nginx_the_powers_of_a_master() -> None:
    (drop_in,) = (t for t in plan().things if isinstance(t, File) and t.path == SANDBOX)
    assert drop_in.notify == ("daemon-reload", "restart nginx.service")
    (powers,) = (line for line in drop_in.content.splitlines() if line.startswith("CapabilityBoundingSet="))
    assert {"CAP_NET_BIND_SERVICE", "CAP_SETUID", "CAP_SETGID"} < set(powers.partition("=")[2].split())
    assert "CAP_SYS_ADMIN" not in powers


def test_the_default_site_gives_way_and_belongs_to_an_installed_package() -> None:
    things = plan().things
    (default,) = (t for t in things if isinstance(t, Absent))
    (packages,) = (t for t in things if isinstance(t, Packages))
    assert default.path == "/etc/nginx/sites-enabled/default"
    assert default.of_package in packages.packages
    assert isinstance(things[-1], Service)


def test_a_gateway_without_services_still_turns_names_away() -> None:
    unit = plan(sites=())
    assert "ssl_reject_handshake on;" in text(unit, "/etc/nginx/conf.d/dhanman.conf")
    assert [check.type for check in unit.checks] == ["tcp"]


def test_a_share_of_the_requests_goes_through_a_link_of_its_own_where_new_releases_are_tried() -> None:
    site = text(plan(sites=(replace(SALES, canary_share=10),)), "/etc/nginx/sites-available/dhanman-prod")
    assert (
        "split_clients $request_id $dhanman_sales {\n    10% dhanman-sales-prod-canary;\n    *   dhanman-sales-prod;"
        in site
    )
    assert "server unix:/run/dhanman/prod/sales-canary.sock max_fails=0;" in site
    assert "server unix:/run/dhanman/prod/sales.sock max_fails=0 backup;" in site
    assert site.count("proxy_pass http://$dhanman_sales;") == 2, "requests and WebSockets"
    assert site.count("proxy_pass http://dhanman-sales-prod;") == 2, (
        "health and dashboard are the serving one's"
    )
    assert "canary" not in text(plan(), "/etc/nginx/sites-available/dhanman-prod")


def test_the_log_ends_with_what_a_release_on_trial_is_judged_by() -> None:
    shared = text(plan(), "/etc/nginx/conf.d/dhanman.conf")
    assert '$upstream_response_time $request_id "$upstream_addr" "$upstream_status"\';' in shared
