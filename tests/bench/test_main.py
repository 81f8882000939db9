from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import report
from bench.__main__ import main
from bench.cases import Case, Sample
from bench.figures import Edits, Figure, Part, Step


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tools", "ours,chef"], "'chef' is none of ours, ansible, pyinfra, shell"),
        (["--cases", "never"], "'never' is none of first, again, preview, change"),
        (["--rtt", "0,far"], "'0,far' is no list of milliseconds such as 0,180"),
        (["--only", "looks"], "'looks' is none of tools, looking, edits, hosts, releases"),
        (["--hosts", "0,5"], "'0,5' is no list of hosts such as 1,5,20"),
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


def test_each_result_is_written_at_once_and_every_part_has_its_table(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    results = report.Results(target=target, options={}, versions={})
    assert results.render() == ""
    for part in (Part.LOOKING, Part.HOSTS):
        results.figure(
            Figure(
                part=part,
                step=Step.PREVIEW,
                hosts=1,
                round_trip=180,
                run=1,
                seconds=3.25,
                processor=2.0,
                hosts_processor=None,
                connections=1,
                unobserved=0,
                load=0.5,
            )
        )
    assert [figure["part"] for figure in json.loads(target.read_text())["figures"]] == ["looking", "hosts"]
    results.hand_edits(Edits(made=3, kinds=2, found=3, invented=0, left=0, preview=1.0, repair=2.0, load=0.5))
    assert json.loads(target.read_text())["edits"]["found"] == 3
    looking, by_hosts, edits = results.render().split("\n\n")
    assert looking.startswith("round trip")
    assert "/ fewest" in by_hosts
    assert edits.startswith("hand edits made")
