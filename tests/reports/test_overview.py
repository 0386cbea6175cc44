"""The first table of a report: every arm on every target."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from report_sample import write_sample

from crosslift.metrics.table import described
from crosslift.reports.html import write_report
from crosslift.reports.overview import overview
from crosslift.reports.short_answer import plain_answer
from crosslift.results.run_folder import RunFolder
from crosslift.results.verdict import INCONCLUSIVE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return RunFolder.read(write_sample(tmp_path_factory.mktemp("overview") / "run"))


def test_every_arm_with_a_score_has_its_level_and_difference(folder: RunFolder) -> None:
    table = overview(folder)
    assert table is not None
    assert [row.arm.name for row in table.rows] == [arm.name for arm in folder.run.arms]
    compared = 0
    for row in table.rows:
        for target, cell in zip(table.targets, row.cells, strict=True):
            values = [
                score.value
                for score in folder.scores
                if (score.arm, score.target, score.language, score.subset)
                == (row.arm.name, target.name, "macro", "all")
                and (score.metric, score.protocol) == (target.metric, target.protocol)
            ]
            metric = described(target.metric)
            assert (cell is None) == (not values)
            if cell is None:
                continue
            assert cell.level == metric.score(float(np.mean(values)))
            verdict = folder.against_baseline(row.arm.name, target)
            assert (cell.outcome is None) == (verdict is None)
            if verdict is not None:
                compared += 1
                assert cell.effect == metric.change(verdict.effect)
                up, count = map(int, re.findall(r"\d+", cell.up))
                assert 0 <= up <= count == len(target.languages)
    assert compared


def test_the_page_begins_with_it(folder: RunFolder) -> None:
    page = write_report(folder.path).read_text(encoding="utf-8")
    assert page.count('<table class="overview"') == 1
    first = page.index('<table class="overview"')
    assert page.index(">The answer") < first < page.index('<ul class="verdicts">')


def test_comparisons_that_show_nothing_are_one_sentence(folder: RunFolder) -> None:
    even = replace(
        folder,
        verdicts=tuple(v.model_copy(update={"verdict": INCONCLUSIVE}) for v in folder.verdicts),
    )
    answer = plain_answer(even)
    assert "baseline baseline" not in answer
    assert answer.count("Against the baseline") == len(folder.baselines)
    assert "No difference is shown for text, image and image-locked on any target" in answer


def test_one_arm_has_no_table(tmp_path: Path, folder: RunFolder) -> None:
    arms = folder.run.arms[:1]
    alone = replace(folder, run=folder.run.model_copy(update={"arms": arms}))
    assert overview(alone) is None
