"""The quick demo: less of the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosslift.planning.plan_study import plan_study
from crosslift.studies.demo import demo_study


@pytest.mark.parametrize("start", ["embedded-mlm", "embedded"])
def test_the_quick_demo_is_a_part_of_the_demo(start: str) -> None:
    whole, quick = demo_study(None, start), demo_study(None, start, quick=True)
    assert quick.name == f"{whole.name}-quick"
    assert set(quick.arms) < set(whole.arms)
    assert set(quick.seeds) < set(whole.seeds)
    assert quick.comparisons == whole.comparisons
    for less, more in zip(quick.targets, whole.targets, strict=True):
        assert set(less.languages or ()) < set(more.languages or ())
    works = [sum(step.work for step in plan_study(each).steps()) for each in (quick, whole)]
    assert works[0] < 0.4 * works[1]


def test_tatoeba_is_added_to_the_quick_demo(tmp_path: Path) -> None:
    study = demo_study(tmp_path, "embedded-mlm", quick=True)
    assert [target.name for target in study.targets][-1] == "tatoeba"
    assert len(study.targets) == 4
