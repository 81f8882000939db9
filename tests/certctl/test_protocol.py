from __future__ import annotations

from datetime import UTC, datetime

import pytest

from certctl import protocol
from tests.certctl.conftest import LOGS

NOW = datetime(2026, 11, 26, 22, 0, tzinfo=UTC).timestamp()


def answer(status: int, body: str, headers: str = "") -> str:
    return (
        f"2026-11-26 22:00:00,000:DEBUG:acme.client:Received response:\nHTTP {status}\n"
        f"Date: Thu, 26 Nov 2026 22:00:00 GMT\n{headers}\n{body}\n"
        "2026-11-26 22:00:00,001:DEBUG:certbot._internal.log:Exiting abnormally:\n"
    )


def problem(kind: str, detail: str = "words") -> str:
    return f'{{"type": "urn:ietf:params:acme:error:{kind}", "detail": "{detail}"}}'


def test_a_proof_that_was_not_found_is_told_by_name_as_certbot_logged_it() -> None:
    (found,) = protocol.problems((LOGS / "invalid.log").read_text())
    assert (found.domain, found.kind) == ("a.dhanman.test", "unauthorized")
    assert found.text.startswith(
        "a.dhanman.test: the proof was not found where it must be (Non-200 status code"
    )
    assert found.until is None


def test_a_rate_limit_is_told_with_the_later_of_both_times_as_certbot_logged_it() -> None:
    (found,) = protocol.problems((LOGS / "limited.log").read_text(), NOW)
    assert found.kind == "rateLimited"
    assert found.until == datetime(2026, 11, 27, 12, 0, tzinfo=UTC).timestamp()
    assert found.text.startswith("the ACME server's rate limit is reached (too many certificates (5)")


@pytest.mark.parametrize(
    ("headers", "detail", "until"),
    [
        ("Retry-After: 120\n", "words", NOW + 120),
        ("retry-after: Thu, 26 Nov 2026 23:00:00 GMT\n", "words", NOW + 3600),
        ("", "retry after 2026-11-27T01:00:00Z: see", NOW + 3 * 3600),
        ("", "words", NOW + protocol.PATIENCE),
        ("Retry-After: soon\n", "words", NOW + protocol.PATIENCE),
    ],
)
def test_when_to_ask_again_is_read_wherever_it_stands(headers: str, detail: str, until: float) -> None:
    (found,) = protocol.problems(answer(429, problem("rateLimited", detail), headers), NOW)
    assert found.until == until


def test_a_server_that_is_being_mended_asks_for_patience_too() -> None:
    (found,) = protocol.problems(answer(503, "<html>maintenance</html>", "Retry-After: 60\n"), NOW)
    assert (found.text, found.until) == ("HTTP status 503", NOW + 60)


def test_a_nonce_that_is_asked_for_again_is_no_problem_and_nothing_is_told_twice() -> None:
    log = (
        answer(400, problem("badNonce")) + 2 * answer(400, problem("accountDoesNotExist")) + answer(200, "{}")
    )
    assert [found.kind for found in protocol.problems(log)] == ["accountDoesNotExist"]


def test_problems_below_a_problem_name_their_domains() -> None:
    below = f'{{"identifier": {{"type": "dns", "value": "b.example"}}, {problem("caa")[1:]}'
    body = f'{{"type": "urn:ietf:params:acme:error:compound", "subproblems": [{below}]}}'
    (found,) = protocol.problems(answer(403, body))
    assert found.text == "b.example: a CAA record forbids this CA to issue (words)"


def test_where_the_server_says_nothing_the_client_s_own_complaint_is_told() -> None:
    log = (
        "2026-11-26 22:45:10,100:DEBUG:certbot._internal.log:Exiting abnormally:\nTraceback (most recent call last):\n"
        "2026-11-26 22:45:10,137:ERROR:certbot._internal.log:An unexpected error occurred:\n"
        "2026-11-26 22:45:10,138:ERROR:certbot._internal.log:Error determining zone_id: 9109 Invalid access token.\n"
    )
    assert protocol.problems(log) == []
    assert protocol.own_words(log) == ["Error determining zone_id: 9109 Invalid access token."]
