"""What a planned study could show."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.errors import DataError
from crosslift.results.reference_noise import ReferenceNoise
from crosslift.results.verdict import NoiseFacts
from crosslift.statistics.noise import Noise
from crosslift.statistics.planned import (
    noise_of_run,
    planned_power,
    refuse_other_targets,
    shipped_noise,
)
from crosslift.statistics.power import detectable_effect

NOISE = NoiseFacts(seeds=3, seed_variance=4e-5, item_variance=1e-5, item_freedom=900.0, within=2e-5)
REFERENCE = {
    "names": ReferenceNoise(
        target="names", metric="top1_accuracy", noise=NOISE, texts=1000, source="demo, a against b"
    )
}


def test_more_seeds_texts_and_fewer_comparisons_show_less() -> None:
    targets = {"names": ("top1_accuracy", 2000)}
    (planned,) = planned_power(REFERENCE, targets, 5, 8)
    noise = Noise(**NOISE.model_dump()).expected(5, 2.0)

    assert planned.detectable == pytest.approx(detectable_effect(noise, 0.05 / 8))
    assert planned.reference == REFERENCE["names"]
    (few,) = planned_power(REFERENCE, targets, 2, 8)
    (alone,) = planned_power(REFERENCE, targets, 5, 1)
    assert few.detectable is not None
    assert alone.detectable is not None
    assert alone.detectable < planned.detectable < few.detectable


@pytest.mark.parametrize(
    ("name", "metric", "seeds"),
    [("names", "top1_accuracy", 1), ("names", "mining_f1", 3), ("gettext", "top1_accuracy", 3)],
)
def test_what_is_not_known_is_not_guessed(name: str, metric: str, seeds: int) -> None:
    (planned,) = planned_power(REFERENCE, {name: (metric, 1000)}, seeds, 1)
    assert planned.detectable is None


def test_a_pilot_with_other_targets_is_refused() -> None:
    with pytest.raises(DataError, match=r"runs/demo has no comparison on tatoeba; it has names"):
        refuse_other_targets(REFERENCE, ["tatoeba"], "runs/demo")
    refuse_other_targets(REFERENCE, ["tatoeba", "names"], "runs/demo")


def test_the_noise_of_a_run_is_that_of_its_middle_comparison(
    xlm_folder: Path, tmp_path: Path
) -> None:
    stages = [{"task": "name-alias"}]
    rates = {"slow": 1e-5, "middle": 1e-3, "fast": 5e-2}
    arms = {name: {"stages": [{**stages[0], "learning_rate": r}]} for name, r in rates.items()}
    study = small_study(
        xlm_folder,
        arms={"baseline": {}, **arms},
        comparisons=[],
        targets=[{"name": "names", "languages": ["de", "ar"]}],
    )
    folder = run_study(study, tmp_path / "run", Store(tmp_path / "store"))
    reference = noise_of_run(folder.run, folder.verdicts)["names"]
    widths = sorted((v.high - v.low, v.arm) for v in folder.verdicts if v.family == "vs-baseline")

    assert widths[1][1] in reference.source
    assert reference.texts == folder.target("names").distinct_texts
    middle = next(v for v in folder.verdicts if v.arm == widths[1][1])
    assert reference.noise == middle.noise


def test_the_shipped_noise_is_of_targets_that_exist() -> None:
    from crosslift.targets.all_targets import TARGETS

    assert {"tatoeba", "bucc", "xnli", "tydiqa"} <= set(shipped_noise())
    for name, entry in shipped_noise().items():
        assert entry.metric == TARGETS[name].metric
        assert entry.noise.seeds > 1
        assert entry.texts
