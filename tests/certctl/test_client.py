from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from certctl import client, x509
from certctl.config import Config
from certctl.errors import Failure, Limited
from certctl.shelf import Shelf
from tests.certctl.conftest import LOGS, Certbot


def drafts(config: Config) -> list[Path]:
    return list((config.root / "versions/a.example").iterdir())


def test_a_certificate_is_asked_for_with_a_key_of_our_own_and_is_complete(
    config: Config, certbot: Certbot
) -> None:
    folder = client.obtain(config, "a.example")
    found = x509.read(folder / "fullchain.pem")
    assert x509.fits(found, folder / "privkey.pem")
    assert sorted(path.name for path in folder.iterdir()) == ["fullchain.pem", "origin.json", "privkey.pem"]
    assert {path.stat().st_mode & 0o077 for path in folder.glob("*.pem")} == {0}
    assert Shelf(config.root).served("a.example") is None, "it is served only when NGINX has accepted it"
    (words,) = certbot.calls
    assert words[words.index("--server") + 1] == config.directory
    assert words[words.index("--webroot-path") + 1] == str(config.webroot)
    assert "--register-unsafely-without-email" in words


def test_with_dns_01_the_token_s_file_is_named_and_the_token_is_nowhere(
    config: Config, tmp_path: Path
) -> None:
    at_cloudflare = replace(
        config, challenge="dns-01", credentials=tmp_path / "token.ini", email="ops@example.com"
    )
    words = client.arguments(at_cloudflare, tmp_path, tmp_path, tmp_path)
    assert words[words.index("--dns-cloudflare-credentials") + 1] == str(tmp_path / "token.ini")
    assert words[words.index("--email") + 1] == "ops@example.com"
    assert "--webroot" not in words


def test_a_private_ca_is_trusted_beside_the_others(config: Config, certbot: Certbot, tmp_path: Path) -> None:
    authority = tmp_path / "authority.pem"
    authority.write_text("the private one\n")
    script = (certbot.folder / "certbot").read_text()
    copy = f"\nimport shutil; shutil.copy(os.environ['REQUESTS_CA_BUNDLE'], {str(tmp_path / 'seen')!r})\n"
    (certbot.folder / "certbot").write_text(script.replace("\nfolder =", f"{copy}folder =", 1))
    client.obtain(replace(config, authority=authority), "a.example")
    assert (tmp_path / "seen").read_text().endswith("the private one\n")


def test_a_refusal_is_told_in_the_server_s_words_and_leaves_nothing_half_done(
    config: Config, certbot: Certbot
) -> None:
    certbot.plan({"fails": True, "log": (LOGS / "invalid.log").read_text()})
    with pytest.raises(Failure, match=r"^a\.dhanman\.test: the proof was not found"):
        client.obtain(config, "a.example")
    assert drafts(config) == []
    assert (config.state / "certbot.log").stat().st_mode & 0o777 == 0o600


def test_a_rate_limit_is_an_error_of_its_own_with_its_time(config: Config, certbot: Certbot) -> None:
    certbot.plan({"fails": True, "log": (LOGS / "limited.log").read_text()})
    with pytest.raises(Limited, match=r"acme\.example is not asked again before 20\d\d-") as limited:
        client.obtain(config, "a.example")
    assert limited.value.what.startswith("a.example: the ACME server's rate limit is reached")
    assert drafts(config) == []


def test_without_a_log_certbot_s_own_words_are_shown(config: Config, certbot: Certbot) -> None:
    certbot.plan({"fails": True})
    with pytest.raises(Failure, match=r"no certificate from acme\.example") as failure:
        client.obtain(config, "a.example")
    assert "certbot can't" in failure.value.details


def test_a_server_that_forgot_the_account_gets_a_new_one(config: Config, certbot: Certbot) -> None:
    client.obtain(config, "a.example")
    assert client.has_account(config)
    unknown = (
        (LOGS / "limited.log").read_text().replace("429", "400").replace("rateLimited", "accountDoesNotExist")
    )
    certbot.plan({"fails": True, "log": unknown})
    client.obtain(config, "a.example")
    assert len(certbot.calls) == 3
    assert list((config.root / "certbot/accounts-unknown").glob("*/directory/1/regr.json"))


def test_a_server_that_goes_on_forgetting_is_not_asked_for_ever(config: Config, certbot: Certbot) -> None:
    unknown = (
        (LOGS / "limited.log").read_text().replace("429", "400").replace("rateLimited", "accountDoesNotExist")
    )
    certbot.plan(*({"fails": True, "log": unknown} for _ in range(5)))
    with pytest.raises(Failure, match="does not know this host's account"):
        client.obtain(config, "a.example")
    assert len(certbot.calls) == 2


def test_what_is_issued_for_another_key_is_thrown_away(config: Config, certbot: Certbot) -> None:
    certbot.plan({"other_key": True})
    with pytest.raises(Failure, match="not for the key"):
        client.obtain(config, "a.example")
    assert drafts(config) == []
