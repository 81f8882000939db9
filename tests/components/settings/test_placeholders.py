"""What a preview may do without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.settings import SettingsError, load
from tests.components.settings.example import DELETE, Load, changed

MISSING: dict[str, Any] = {
    "hosts/main/hostKey": DELETE,
    "services/sales/version": DELETE,
    "services/sales/artifact": DELETE,
    "services/sales/secrets": {"Jwt.Key": None},
    "ssh": {},
    "dns": {
        "zone": "example.com",
        "mail": {"verification": None, "dkim": {"brevo1": None}},
    },
    "backup": {"bucket": {"kind": "b2", "name": "dhanman-backups"}},
    "alerts": {"slack": {}, "email": None},
    "runtime": {
        "kind": "dotnet",
        "feed": {"uri": "https://packages.example.com", "keyFile": "keys/x.asc", "fingerprint": "A" * 40},
    },
}


def test_each_missing_value_is_listed_with_the_command_that_sets_it(load_changed: Load) -> None:
    commands = {"/".join(p.path): p.command for p in load_changed(MISSING).placeholders}
    set_public, set_secret = (
        "pulumi config set --stack qa --path",
        "pulumi config set --stack qa --secret --path",
    )
    assert commands == {
        "hosts/main/hostKey": f"{set_public} 'dhanman:hosts.main.hostKey' "
        '"$(make --silent host-key HOST=192.0.2.10)"',
        "services/sales/version": f"{set_public} 'dhanman:services.sales.version' 1.4.2",
        "services/sales/artifact": f"{set_public} 'dhanman:services.sales.artifact.url' https://... "
        f"&& {set_public} 'dhanman:services.sales.artifact.sha256' DIGEST",
        "services/sales/secrets/Jwt.Key": f"{set_secret} 'dhanman:services.sales.secrets[\"Jwt.Key\"]'",
        "ssh/privateKey": f"{set_secret} 'dhanman:ssh.privateKey' < ~/.ssh/id_ed25519",
        "dns/zoneId": f"{set_public} 'dhanman:dns.zoneId' ID",
        "dns/mail/verification": f"{set_public} 'dhanman:dns.mail.verification' brevo-code:CODE",
        "dns/mail/dkim/brevo1": f"{set_public} 'dhanman:dns.mail.dkim.brevo1.cname' TARGET",
        "backup/bucket/admin/keyId": f"{set_public} 'dhanman:backup.bucket.admin.keyId' ID",
        "backup/bucket/admin/key": f"{set_secret} 'dhanman:backup.bucket.admin.key'",
        "backup/bucket/endpoint": f"{set_public} 'dhanman:backup.bucket.endpoint' "
        "https://s3.us-west-004.backblazeb2.com",
        "alerts/slack/webhookUrl": f"{set_secret} 'dhanman:alerts.slack.webhookUrl'",
        "alerts/email/from": f"{set_public} 'dhanman:alerts.email.from' alerts@dhanman.com",
        "alerts/email/to": f"{set_public} 'dhanman:alerts.email.to[0]' ops@dhanman.com",
        "alerts/email/user": f"{set_public} 'dhanman:alerts.email.user' LOGIN",
        "alerts/email/password": f"{set_secret} 'dhanman:alerts.email.password'",
        "cloudflare:apiToken": "pulumi config set --stack qa --secret cloudflare:apiToken",
        "runtime/feed/keyFile": f"save it as keys/x.asc (fingerprint {'A' * 40})",
    }


def test_an_update_refuses_all_placeholders_at_once(load_changed: Load) -> None:
    settings = load_changed(MISSING)
    with pytest.raises(SettingsError) as caught:
        settings.require_complete()
    assert len(caught.value.problems) == len(settings.placeholders) == 18
    assert str(caught.value.problems[-1]).startswith(
        "Pulumi.qa.yaml: runtime/feed/keyFile: the signing key of"
    )


def test_a_complete_configuration_has_no_placeholder(load_changed: Load) -> None:
    settings = load_changed()
    assert settings.placeholders == ()
    settings.require_complete()


def test_a_placeholder_is_known_by_its_path_and_those_above(load_changed: Load) -> None:
    settings = load_changed({"hosts/main/hostKey": DELETE})
    assert settings.is_placeholder("hosts", "main", "hostKey")
    assert settings.is_placeholder("hosts", "main")
    assert not settings.is_placeholder("services", "sales")


def test_a_local_environment_has_no_placeholders_but_errors_with_the_next_step(tmp_path: Path) -> None:
    changes = {
        "environment": "local",
        "hosts/main/hostKey": DELETE,
        "hosts/main/address": DELETE,
        "ssh": DELETE,
    }
    with pytest.raises(SettingsError) as caught:
        load("local", changed(changes), project=tmp_path)
    step = "is missing; make local starts the host and writes it to .local/overlay.yaml"
    assert [str(p) for p in caught.value.problems] == [
        f"Pulumi.local.yaml: hosts/main/address: {step}",
        f"Pulumi.local.yaml: hosts/main/hostKey: {step}",
        f"Pulumi.local.yaml: ssh: {step}",
    ]


def test_cloudflares_token_comes_from_its_own_key(tmp_path: Path) -> None:
    config = changed({"dns": {"zone": "example.com", "zoneId": "0" * 32}}) | {"cloudflare:apiToken": "x" * 40}
    settings = load("qa", config, project=tmp_path)
    assert settings.cloudflare is not None
    assert settings.cloudflare.api_token.get_secret_value() == "x" * 40
    assert settings.placeholders == ()


BUCKETS: list[tuple[dict[str, Any], set[str]]] = [
    ({"kind": "b2"}, {"admin/keyId", "admin/key", "endpoint"}),
    ({"kind": "b2", "admin": None}, {"admin/keyId", "admin/key", "endpoint"}),
    ({"kind": "b2", "admin": {"keyId": "0" * 12}}, {"admin/key", "endpoint"}),
    ({"kind": "b2", "keyId": "0" * 12}, {"key", "endpoint"}),
    ({"kind": "b2", "keyId": "0" * 12, "admin": {}}, {"key", "admin/keyId", "admin/key", "endpoint"}),
    ({"kind": "s3", "endpoint": "https://s3.example.com"}, {"keyId", "key"}),
    (
        {"kind": "s3", "endpoint": "https://s3.example.com", "admin": {}},
        {"keyId", "key", "admin/keyId", "admin/key"},
    ),
    ({"kind": "r2"}, {"accountId"}),
]


@pytest.mark.parametrize(("bucket", "missing"), BUCKETS, ids=[str(b) for b, _ in BUCKETS])
def test_a_preview_does_without_what_a_bucket_of_each_kind_needs(
    load_changed: Load, bucket: dict[str, Any], missing: set[str]
) -> None:
    settings = load_changed({"backup": {"bucket": bucket | {"name": "dhanman-backups"}}})
    found = {"/".join(p.path).removeprefix("backup/bucket/") for p in settings.placeholders}
    assert found == missing | ({"cloudflare:apiToken"} if bucket["kind"] == "r2" else set())
