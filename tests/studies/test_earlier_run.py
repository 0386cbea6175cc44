"""A run's folder is not written over by another study."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from crosslift.cli.main import app
from crosslift.errors import StudyError
from crosslift.studies.earlier_run import check_folder
from crosslift.studies.reading import parse_study
from crosslift.studies.schema import Study

STUDY = """
name: mine
question: Does it help?
seeds: [1, 2]
starts: {plain: {encoder: embedded}}
start: plain
budget: {updates: 3, batch_size: 6}
arms:
  baseline: {}
  text: {stages: [{task: name-alias, data: DIR/names}]}
targets: [{name: names, languages: [de, ar]}]
comparisons: [{arm: text, against: baseline}]
"""


def study(*changes: tuple[str, str]) -> Study:
    text = STUDY
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return parse_study(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run."""
    (tmp_path / "study.json").write_text(study().model_dump_json(), encoding="utf-8")
    (tmp_path / "results.csv").write_text("scores", encoding="utf-8")
    return tmp_path


def test_the_same_study_and_one_that_asks_for_more_are_accepted(folder: Path) -> None:
    check_folder(folder, study())
    more = [
        ("seeds: [1, 2]", "seeds: [3, 1, 2]"),
        ("  text:", "  other: {stages: [{task: name-alias}]}\n  text:"),
        ("[de, ar]}]", "[de, fr, ar]}, gettext]"),
        ("comparisons: [", "comparisons: [{arm: other, against: text}, "),
        ("Does it help?", "Does it help much?"),
        ("DIR/names", "ELSEWHERE/names"),
    ]
    check_folder(folder, study(*more))
    check_folder(folder / "none", study())


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        ("seeds: [1, 2]", "seeds: [1, 3]", "seeds: [1, 2] in the folder, [1, 3] in this study"),
        ("updates: 3", "updates: 4", "budget.updates: 3 in the folder, 4 in this study"),
        ("DIR/names", "DIR/other", 'DIR/other" in this study'),
        ("[de, ar]", "[de]", 'targets[names].languages: ["de", "ar"] in the folder, ["de"]'),
        ("encoder: embedded", "encoder: other", "starts.plain.encoder"),
    ],
)
def test_another_study_is_refused_with_what_differs(
    folder: Path, before: str, after: str, difference: str
) -> None:
    with pytest.raises(StudyError) as caught:
        check_folder(folder, study((before, after)))
    message = str(caught.value)
    assert difference in message and "--out DIR" in message and "--replace" in message
    assert (folder / "results.csv").read_text(encoding="utf-8") == "scores"

    (folder / "thesis.tex").write_text("mine", encoding="utf-8")
    with pytest.raises(StudyError, match=r"more than a run: thesis\.tex"):
        check_folder(folder, study((before, after)), replace=True)
    (folder / "thesis.tex").unlink()
    check_folder(folder, study((before, after)), replace=True)
    assert not folder.exists()


def test_a_run_whose_study_is_damaged_is_not_written_over(folder: Path) -> None:
    (folder / "study.json").write_text("{", encoding="utf-8")
    with pytest.raises(StudyError, match="cannot be read"):
        check_folder(folder, study())


def test_the_command_says_so_before_it_plans(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(STUDY.replace("updates: 3", "updates: 9"), encoding="utf-8")
    result = CliRunner().invoke(app, ["run", str(path), "--out", str(folder)])
    assert isinstance(result.exception, StudyError)
    assert "updates: 3 in the folder, 9" in str(result.exception)
