from __future__ import annotations

import pytest

from bench.releases import main


@pytest.mark.parametrize("arguments", [["--rate", "0"], ["--seconds", "0"], ["--deploys", "2"]])
def test_a_measurement_that_would_say_nothing_is_refused_before_anything_starts(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert "at least 1 request per second, 1 second and 3 deploys" in capsys.readouterr().err
