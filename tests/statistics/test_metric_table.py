"""The table of metrics: every metric of the package is in it, and all that is asked is read from it."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import crosslift
from crosslift.errors import UnknownNameError
from crosslift.metrics.table import DEV, METRICS, OUTCOME_OF_METRIC, described, metric_named
from crosslift.results.verdict import HIGHER, INCONCLUSIVE, LOWER, ONE_SEED, opposite
from crosslift.statistics.differences import Difference
from crosslift.statistics.judgements import better_outcome, by_interval, judge_family
from crosslift.statistics.noise import Noise
from crosslift.targets.all_targets import TARGETS
from crosslift.targets.protocol import Protocol
from crosslift.targets.query_outcomes import score_of
from crosslift.training.selection import chosen_score

SOURCES = Path(crosslift.__file__).parent
TABLE = SOURCES / "metrics" / "table.py"
OF_XTREME = SOURCES / "xtreme" / "published.py"
"""Its scores name the metric that each paper gave."""
DIFFERENCE = Difference(
    effect=0.03,
    low=0.01,
    high=0.05,
    level=0.95,
    p=0.001,
    seeds=2,
    items=9,
    languages=2,
    queries=18,
    noise=Noise(2, 0.0, 0.0001, 1e6),
)


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_every_metric_of_a_target_and_of_its_protocols_is_in_the_table(target) -> None:
    for name in (target.metric, *(protocol.metric for protocol in target.protocols)):
        assert metric_named(name).outcome is not None


def dev_scores_in(path: Path) -> set[str]:
    """The names of dev scores that the code of a form writes as strings."""
    return {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith(DEV)
    }


def test_every_dev_score_of_a_form_is_in_the_table() -> None:
    names = {name for path in (SOURCES / "forms").glob("*.py") for name in dev_scores_in(path)}
    assert {"dev_accuracy", "dev_loss", "dev_recall_at_10"} <= names
    assert [name for name in sorted(names) if name.removeprefix(DEV) not in METRICS] == []


def test_a_protocol_refuses_a_metric_that_the_table_lacks() -> None:
    with pytest.raises(UnknownNameError, match="unknown metric 'recall_at_ten'"):
        Protocol("crosslift", "xx->en", metric="recall_at_ten")
    with pytest.raises(UnknownNameError, match="did you mean 'median_rank'"):
        score_of("median_ranks", np.ones(2))


def collections_of_names(path: Path) -> list[str]:
    """Where a file lists, in one display, two metric names or more as keys or members."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        members = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", ())
        names = [m.value for m in members if isinstance(m, ast.Constant) and m.value in METRICS]
        if len(set(names)) > 1:
            values = node.values if isinstance(node, ast.Dict) else node.elts
            if all(isinstance(value, ast.Constant) for value in values):
                found.append(f"{path.relative_to(SOURCES)}:{node.lineno}: {', '.join(names)}")
    return found


def test_no_other_module_has_a_table_of_metrics() -> None:
    """A display of constants that has two metric names; what is computed by name is none."""
    others = [path for path in SOURCES.rglob("*.py") if path not in (TABLE, OF_XTREME)]
    tables = [place for path in others for place in collections_of_names(path)]
    # XTREME's own evaluation names some metrics as we do
    assert [place for place in tables if not place.startswith(("xtreme/", "cli/scoring"))] == []


def test_the_test_for_other_tables_finds_one(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "SOURCES", tmp_path)
    path = tmp_path / "copy.py"
    path.write_text('TITLES = {"mrr": "reciprocal", "accuracy": "right"}\nONE = ("mrr", "rank")\n')
    assert collections_of_names(path) == ["copy.py:1: mrr, accuracy"]


def test_the_table_loads_neither_torch_nor_numpy() -> None:
    code = (
        "import sys, crosslift.metrics.table, crosslift.wording; "
        "print(sorted({'torch', 'numpy', 'pandas', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_a_metric_is_taken_of() -> None:
    assert OUTCOME_OF_METRIC["mrr"] == "reciprocal_rank"
    assert OUTCOME_OF_METRIC["median_rank"] == "rank"
    assert "loss" not in OUTCOME_OF_METRIC and "pearson" not in OUTCOME_OF_METRIC
    same = {name for name, outcome in OUTCOME_OF_METRIC.items() if name == outcome}
    assert set(OUTCOME_OF_METRIC) - same == {"mrr", "median_rank"}


@pytest.mark.parametrize(
    ("metric", "right"),
    [
        ("recall_at_10", "top1_accuracy"),
        ("accuracy", "accuracy"),
        ("answer_f1", "exact_match"),
        ("tag_f1", None),
        ("mining_f1", None),
    ],
)
def test_what_says_whether_a_query_is_answered_right(metric: str, right: str | None) -> None:
    assert METRICS[metric].right == right


def test_a_metric_writes_its_scores_and_differences_in_its_unit() -> None:
    accuracy, rank, cosine = (METRICS[n] for n in ("accuracy", "median_rank", "pair_cosine"))
    assert (accuracy.column, accuracy.score(0.853)) == ("accuracy %", "85.3")
    assert (rank.column, rank.score(1234.5)) == ("median_rank", "1,234.5")
    assert (cosine.column, cosine.score(0.81)) == ("pair_cosine x 100", "81.0")
    assert (accuracy.amount(0.031), accuracy.signed_amount(0.031)) == ("3.1 points", "+3.1 points")
    assert (rank.amount(2.5), rank.signed_amount(-2.5)) == ("2.5", "\u22122.5")
    assert rank.heading == "median rank (lower is better)"
    assert cosine.heading == "cosine of pairs, x 100"


def test_a_score_of_another_version_or_of_a_user_is_described_by_its_name() -> None:
    assert described("hits_at_3").heading == "hits at 3"
    assert not described("hits_at_3").lower_is_better
    assert described("dev_my_loss").lower_is_better
    assert described("dev_median_rank").heading == "dev median rank (lower is better)"
    assert described("dev_median_rank").outcome is None


def test_a_stage_chooses_by_what_the_table_says_is_better() -> None:
    assert chosen_score({"names": {"dev_median_rank": 3.0}}, None) == -3.0
    assert chosen_score({"a": {"dev_loss": 2.0}, "b": {"dev_loss": 1.0}}, "b:dev_loss") == -1.0
    assert chosen_score({"nli": {"dev_accuracy": 0.5}}, None) == 0.5


def test_one_rule_says_higher_lower_and_not_shown() -> None:
    lower = replace(DIFFERENCE, effect=-0.03, low=-0.05, high=-0.01)
    unclear = replace(DIFFERENCE, low=-0.01, high=0.07)
    unlikely = replace(DIFFERENCE, p=0.2)
    alone = replace(DIFFERENCE, seeds=1)
    differences = [DIFFERENCE, lower, unclear, unlikely, alone]
    judged = judge_family(differences, [True] * 5)
    expected = [HIGHER, LOWER, INCONCLUSIVE, INCONCLUSIVE, ONE_SEED]
    assert [judgement.outcome for judgement in judged] == expected
    assert [by_interval(each) for each in differences[:3]] == [HIGHER, LOWER, INCONCLUSIVE]


def test_which_outcome_is_for_the_better() -> None:
    assert (better_outcome("mrr"), better_outcome("median_rank")) == (HIGHER, LOWER)
    assert [opposite(outcome) for outcome in (HIGHER, LOWER, ONE_SEED)] == [LOWER, HIGHER, ONE_SEED]
