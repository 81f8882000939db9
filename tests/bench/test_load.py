from __future__ import annotations

import pytest

from bench.load import Request, failures, parsed, percentile


def request(
    *, sent: float = 100.0, seconds: float = 0.01, status: int = 200, error: str = "", instance: str = ""
) -> Request:
    return Request(sent=sent, seconds=seconds, status=status, error=error, instance=instance)


def test_a_result_says_when_it_was_sent_how_long_it_took_and_who_answered() -> None:
    result = {
        "timestamp": "2026-11-24T21:30:54.5Z",
        "latency": 2_500_000,
        "code": 200,
        "error": "",
        "headers": {"X-Instance": ["1.2.0/blue"]},
    }
    found = parsed(result)
    assert (found.seconds, found.instance, found.failed) == (0.0025, "1.2.0/blue", False)
    assert found.sent % 60 == 54.5


def test_a_request_that_got_no_answer_has_no_headers_and_has_failed() -> None:
    result = {"timestamp": "2026-11-24T21:30:54Z", "latency": 1, "code": 0, "error": "EOF", "headers": None}
    assert parsed(result).failed
    assert parsed(result).instance == ""


def test_only_failed_requests_are_listed_with_status_and_reason() -> None:
    lines = failures(
        [request(), request(status=502, error="502 Bad Gateway"), request(status=0, error="EOF")]
    )
    assert [line.split(": ", 1)[1] for line in lines] == [
        "502 502 Bad Gateway after 0.010 s",
        "0 EOF after 0.010 s",
    ]


@pytest.mark.parametrize(("share", "value"), [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0), (0.001, 1.0)])
def test_a_percentile_is_one_of_the_values(share: float, value: float) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], share) == value
    assert percentile([7.0], share) == 7.0
