"""Two encoders, query by query: models as they are, and arms of runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from small_study import small_study
from typer.testing import CliRunner

import crosslift
from crosslift.api.compare import compare_outcomes
from crosslift.artifacts.store import Store
from crosslift.cli.main import app
from crosslift.errors import CrossLiftError, DataError, StudyError, UnknownNameError
from crosslift.reports.comparison_tables import latex, markdown, summary
from crosslift.results.run_folder import RunFolder
from crosslift.results.verdict import HIGHER, INCONCLUSIVE, LOWER, ONE_SEED
from crosslift.targets.target_settings import TargetSettings

TARGET = TargetSettings(name="gettext", languages=("de", "he"))
ARMS = {
    "baseline": {},
    "text": {"stages": [{"task": "name-alias", "learning_rate": 0.05}]},
    "other": {"stages": [{"task": "name-alias", "learning_rate": 0.1}]},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_folders: dict[str, Path]) -> RunFolder:
    base = tmp_path_factory.mktemp("compared")
    targets = [
        {"name": "gettext", "languages": ["de", "he"]},
        {"name": "names", "languages": ["de"]},
    ]
    settings = {"arms": ARMS, "comparisons": [], "targets": targets, "seeds": [1, 2, 3]}
    study = small_study(tiny_folders["bert"], **settings, start="plain")
    return crosslift.run_study(study, base / "run", Store(base / "store"))


def test_arms_of_a_run_are_compared_as_its_verdicts_compare_them(run: RunFolder) -> None:
    found = crosslift.compare(f"{run.path}:baseline", f"{run.path}:text")
    assert [each.target for each in found.targets] == ["gettext", "names"]
    for each in found.targets:
        verdict = run.comparison("text", "baseline", run.target(each.target))
        assert verdict is not None
        macro = each.macro
        assert (macro.difference, macro.low, macro.high) == pytest.approx(
            (verdict.effect, verdict.low, verdict.high)
        )
        assert macro.n_queries == verdict.n_queries
    assert found.seeds[1] == 3


def test_scores_are_those_of_the_results(run: RunFolder) -> None:
    found = crosslift.compare(f"{run.path}:text", f"{run.path}:other", "gettext").targets[0]
    for entry in found.languages:
        for arm, level in (("text", entry.first), ("other", entry.second)):
            scores = [
                s.value
                for s in run.scores
                if (s.arm, s.target, s.language, s.metric, s.subset)
                == (arm, "gettext", entry.language, found.metric, "all")
                and s.protocol == found.protocol
            ]
            assert level == pytest.approx(np.mean(scores))
        assert entry.difference == pytest.approx(entry.second - entry.first)
    assert found.macro.first == pytest.approx(np.mean([e.first for e in found.languages]))


def test_flips_of_encoders_as_they_are_add_up(
    tiny_folders: dict[str, Path], tmp_path: Path
) -> None:
    """Of two encoders without seeds the difference is that of gained and lost queries."""
    sides = str(tiny_folders["bert"]), str(tiny_folders["xlm-roberta"])
    found = crosslift.compare(*sides, TARGET, Store(tmp_path)).targets[0]
    for entry in found.languages:
        assert entry.gained is not None and entry.lost is not None
        ties = 2 / entry.n_queries  # a tie counts as half a query
        assert entry.difference == pytest.approx(
            (entry.gained - entry.lost) / entry.n_queries, abs=ties
        )
        assert entry.verdict in (HIGHER, LOWER, INCONCLUSIVE)
    same = crosslift.compare(sides[0], sides[0], TARGET, Store(tmp_path)).targets[0]
    assert same.macro.difference == 0 and same.macro.verdict == INCONCLUSIVE


def test_an_answer_in_one_of_two_directions_counts_for_both_encoders() -> None:
    """Four queries that are asked in both directions, one seed against three."""

    def table(outcomes: list[list[float]]) -> pa.Table:
        rows = [
            {"language": "de", "item": str(item), "protocol": "p", "seed": seed}
            | {"cluster": str(item), "top1_accuracy": value}
            for seed, values in enumerate(outcomes)
            for item, value in enumerate(values)
        ]
        return pa.Table.from_pylist(rows)

    untouched = table([[0.5, 0.0, 1.0, 0.5]])
    trained = table([[1.0, 0.5, 0.5, 0.5], [1.0, 0.0, 0.5, 0.5], [0.5, 0.5, 0.5, 1.0]])
    for sides, counts in (((untouched, trained), (2, 1)), ((trained, untouched), (1, 2))):
        compared = compare_outcomes("t", "top1_accuracy", ("a", "b"), sides, trained=True)
        assert (compared.macro.gained, compared.macro.lost) == counts


def test_a_target_that_one_side_lacks_is_named_with_the_side(run: RunFolder) -> None:
    with pytest.raises(UnknownNameError, match="target of the runs"):
        crosslift.compare(f"{run.path}:baseline", f"{run.path}:text", "tatoeba")


def test_an_encoder_and_an_arm_are_compared_on_the_run_s_target(
    run: RunFolder, tiny_folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = str(tiny_folders["bert"])
    found = crosslift.compare(folder, f"{run.path}:baseline", "gettext", Store(tmp_path))
    assert found.targets[0].macro.difference == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("sides", "target", "error", "says"),
    [
        (("embedded", "embedded"), None, StudyError, "without a target"),
        (("RUN:baseline", "RUN:nothing"), None, UnknownNameError, "nothing"),
        (("RUN:baseline", "RUN:text"), "tatoeba", UnknownNameError, "tatoeba"),
        (("RUN", "RUN:text"), None, StudyError, "is the folder of a run"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    run: RunFolder,
    sides: tuple[str, str],
    target: str | None,
    error: type[CrossLiftError],
    says: str,
) -> None:
    first, second = (side.replace("RUN", str(run.path)) for side in sides)
    with pytest.raises(error, match=says):
        crosslift.compare(first, second, target)


def test_settings_of_a_run_s_target_are_not_ignored(run: RunFolder) -> None:
    sides = f"{run.path}:baseline", f"{run.path}:text"
    with pytest.raises(StudyError, match="settings that differ from those of the run"):
        crosslift.compare(*sides, TargetSettings(name="gettext", languages=("de",)))


def test_other_queries_are_refused(
    run: RunFolder, tiny_folders: dict[str, Path], tmp_path: Path
) -> None:
    targets = [{"name": "gettext", "languages": ["de", "he"], "pairs": 20}]
    settings = {"arms": ARMS, "comparisons": [], "targets": targets, "seeds": [1, 2, 3]}
    study = small_study(tiny_folders["bert"], **settings, start="plain")
    other = crosslift.run_study(study, tmp_path / "other", Store(tmp_path / "store"))
    with pytest.raises(DataError, match="scored on different queries"):
        crosslift.compare(f"{run.path}:text", f"{other.path}:text", "gettext")


def test_one_seed_gives_no_verdict(tiny_folders: dict[str, Path], tmp_path: Path) -> None:
    settings = {"arms": ARMS, "comparisons": [], "targets": ["gettext"], "seeds": [1]}
    study = small_study(tiny_folders["bert"], **settings, start="plain")
    run = crosslift.run_study(study, tmp_path / "run", Store(tmp_path / "store"))
    found = crosslift.compare(f"{run.path}:baseline", f"{run.path}:text")
    assert {e.verdict for t in found.targets for e in t.languages} == {ONE_SEED}
    assert "gives no verdict" in summary(found, found.targets[0])


def test_tables_have_every_language_once(run: RunFolder) -> None:
    found = crosslift.compare(f"{run.path}:baseline", f"{run.path}:text")
    for text in (markdown(found), latex(found)):
        for each in found.targets:
            assert text.count("macro") == len(found.targets)
            for entry in each.languages:
                assert f"{entry.language} " in text
    assert "On gettext, `text` is" in markdown(found)
    assert latex(found).count(r"\bottomrule") == 2


def test_the_command_prints_it(run: RunFolder) -> None:
    sides = [f"{run.path}:baseline", f"{run.path}:text"]
    result = CliRunner().invoke(app, ["compare", *sides, "--json", "-"])
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    assert [each["target"] for each in content["targets"]] == ["gettext", "names"]
    printed = CliRunner().invoke(app, ["compare", *sides, "--target", "names", "--format", "latex"])
    assert printed.stdout.startswith(r"\begin{tabular}")
    alone = CliRunner().invoke(app, ["compare", "embedded", "embedded"])
    assert alone.exit_code != 0


def test_arms_of_two_runs_are_compared_by_name(run: RunFolder) -> None:
    names = [arm.name for arm in run.run.arms]
    comparisons = crosslift.compare_runs(run.path, run.path)
    assert [each.second.rpartition(":")[2] for each in comparisons] == names
    for comparison in comparisons:
        assert all(target.macro.difference == 0 for target in comparison.targets)
    result = CliRunner().invoke(app, ["compare", str(run.path), str(run.path), "--json", "-"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == [each.to_json() for each in comparisons]


def test_the_page_has_every_language_and_verdict(run: RunFolder, tmp_path: Path) -> None:
    sides = [f"{run.path}:baseline", f"{run.path}:text"]
    page = tmp_path / "page.html"
    result = CliRunner().invoke(app, ["compare", *sides, "--html", str(page)])
    assert result.exit_code == 0, result.output
    text = page.read_text(encoding="utf-8")
    assert "<h1>text beside baseline</h1>" in text
    (comparison,) = [crosslift.compare(*sides)]
    for target in comparison.targets:
        assert f"<h2>{target.target}</h2>" in text
        assert f"{target.macro.difference * 100:+.1f} points".replace("-", "−") in text
    assert text.count("<tr><th scope=") == sum(len(t.languages) + 2 for t in comparison.targets)


def test_a_missing_run_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "nothing"
    with pytest.raises(DataError, match="nothing is no folder of a run"):
        crosslift.compare(f"{missing}:text", "embedded")
    result = CliRunner().invoke(app, ["compare", f"{missing}:text", "embedded"])
    assert "is no folder of a run" in str(result.exception)
