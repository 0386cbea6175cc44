"""Comparisons asked otherwise, through a whole small study."""

from __future__ import annotations

from pathlib import Path

from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.reports.html import REPORT
from crosslift.results.result_record import read_json_file
from crosslift.results.sensitivity import SENSITIVITY_FILE, Sensitivity


def test_every_comparison_but_the_controls_is_asked_otherwise(
    xlm_folder: Path, tmp_path: Path
) -> None:
    study = small_study(
        xlm_folder,
        arms={
            "baseline": {},
            "text": {"stages": [{"task": "name-alias"}]},
            "text-control": {"control_of": "text", "stages": [{"task": "gettext-mlm"}]},
        },
        comparisons=[],
        targets=[
            {"name": "names", "languages": ["de", "ar", "fr"]},
            {"name": "gettext", "languages": ["de", "he"], "protocols": ["all"]},
        ],
    )
    folder = run_study(study, tmp_path / "run", Store(tmp_path / "store"))
    entries = read_json_file(folder.path / SENSITIVITY_FILE, tuple[Sensitivity, ...])
    verdicts = {(v.arm, v.target): v for v in folder.verdicts if v.family == "vs-baseline"}

    assert {(each.arm, each.target) for each in entries} == set(verdicts)
    for entry in entries:
        verdict = verdicts[entry.arm, entry.target]
        assert entry.n_languages == verdict.n_languages
        assert 0 <= entry.languages_up <= entry.n_languages
        assert entry.gained is not None
        assert entry.lost is not None
        by_protocol = {each.protocol: each for each in entry.protocols}
        if entry.protocols:
            ours = by_protocol[verdict.protocol]
            assert (ours.effect, ours.low, ours.high) == (verdict.effect, verdict.low, verdict.high)
            assert ours.verdict == verdict.verdict
            assert len(by_protocol) > 1

    page = (folder.path / REPORT).read_text(encoding="utf-8")
    assert 'id="sensitivity"' in page
    assert "For languages like these" in page
    assert "The same verdicts under each protocol" in page
