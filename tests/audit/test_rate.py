"""What of a flood passes, and whom it harms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.rate import SLACK, Measured, verdict
from bench.load import Request
from components.settings.edge import RateLimit

LIMIT = RateLimit.model_construct(per_second=5, burst=10)


def _requests(
    count: int, *, status: int = 200, retry_after: str = "", seconds: float = 0.01
) -> list[Request]:
    """Spread over ten seconds."""
    return [
        Request(
            sent=number * 10 / count,
            seconds=seconds,
            status=status,
            error="" if status == 200 else "refused",
            instance="",
            retry_after=retry_after,
        )
        for number in range(count)
    ]


REFUSED = _requests(440, status=429, retry_after="1")
MEASURED = Measured(
    calm=_requests(50),
    flood=[*_requests(60), *REFUSED],
    before=_requests(400),
    meanwhile=_requests(400, seconds=0.012),
)


def test_a_limit_that_holds_says_all_its_figures() -> None:
    said = verdict("sales", LIMIT, MEASURED)
    assert (said.passed, list(said.remarks)) == (True, [])
    assert said.found == "50 of 50; 60 of 500, 440 times 429; p99 10 ms, then 12 ms"


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        (
            {"calm": [*_requests(49), *_requests(1, status=429)]},
            "1 of 50 requests at the allowed rate failed",
        ),
        ({"flood": _requests(500)}, "nothing of the flood was refused"),
        ({"flood": [*_requests(63), *REFUSED]}, "63 of the flood passed, 60 may"),
        ({"flood": [*REFUSED, *_requests(9, status=502)]}, "9 of the flood got something else: 502 refused"),
        ({"flood": _requests(500, status=429)}, "500 refusals do not say when to come again"),
        ({"meanwhile": [*_requests(399), *_requests(1, status=503)]}, "1 requests of the neighbour failed"),
        ({"meanwhile": _requests(400, seconds=0.02 + SLACK)}, "the neighbour's p99 rose by more than 50 ms"),
    ],
)
def test_each_way_to_fall_short_is_told(changes: dict[str, list[Request]], remark: str) -> None:
    said = verdict("sales", LIMIT, replace(MEASURED, **changes))
    assert not said.passed
    assert remark in said.remarks


@pytest.mark.parametrize("flood", [[], REFUSED[:200]])
def test_too_few_requests_are_no_flood(flood: list[Request]) -> None:
    with pytest.raises(ValueError, match="no flood"):
        verdict("sales", LIMIT, replace(MEASURED, flood=flood))
