from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import report
from bench.__main__ import main
from bench.cases import Case, Sample


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tools", "ours,chef"], "'chef' is none of ours, ansible, pyinfra, shell"),
        (["--cases", "never"], "'never' is none of first, again, preview, change"),
        (["--rtt", "0,far"], "'0,far' is no list of milliseconds such as 0,180"),
        (["--runs", "0"], "'0' is no positive number"),
    ],
)
def test_a_wrong_option_is_named_before_anything_starts(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert message in capsys.readouterr().err


def test_the_document_has_the_samples_their_summary_and_the_versions(tmp_path: Path) -> None:
    one = Sample(tool="ours", case=Case.AGAIN, round_trip=0, run=1, seconds=3.5, connections=0, channels=0)
    target = tmp_path / "new/result.json"
    report.write(target, report.document([one], options={"runs": 1}, versions={"ours": "pulumi v3"}))
    read = json.loads(target.read_text())
    assert read["samples"][0]["seconds"] == read["summary"][0]["seconds"] == 3.5
    assert (read["versions"], read["options"]) == ({"ours": "pulumi v3"}, {"runs": 1})
    assert [path.name for path in target.parent.iterdir()] == ["result.json"]
