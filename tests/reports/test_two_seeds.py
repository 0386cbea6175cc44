"""What a report says of two seeds."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.reports.html import REPORT
from crosslift.reports.two_seeds import two_seed_sentence


@pytest.mark.parametrize("seeds", [[1], [1, 2], [1, 2, 3]])
def test_only_a_run_of_two_seeds_is_marked(
    xlm_folder: Path, tmp_path: Path, seeds: list[int]
) -> None:
    study = small_study(
        xlm_folder,
        seeds=seeds,
        arms={"baseline": {}, "text": {"stages": [{"task": "name-alias", "learning_rate": 5e-2}]}},
        comparisons=[],
        targets=[{"name": "names", "languages": ["de", "ar"]}],
    )
    folder = run_study(study, tmp_path / "run", Store(tmp_path / "store"))
    sentence = two_seed_sentence(folder)
    page = (folder.path / REPORT).read_text(encoding="utf-8")

    assert (sentence is not None) == (len(seeds) == 2)
    assert ('id="two-seeds"' in page) == (len(seeds) == 2)
