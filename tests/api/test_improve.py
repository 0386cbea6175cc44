"""A better encoder from own data, and when it is not exported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crosslift.api.improve import _losses, _lost_itself, improve
from crosslift.artifacts.store import Store
from crosslift.errors import StudyError
from crosslift.results.comparison import ComparedLanguage, ComparedTarget
from crosslift.results.improvement import IMPROVEMENT_FILE
from tests.scaffold.test_first_study import captions_folder, pairs_file


def row(language: str, low: float, high: float) -> ComparedLanguage:
    return ComparedLanguage(
        language=language,
        n_queries=100,
        first=0.5,
        second=0.5 + (low + high) / 2,
        difference=(low + high) / 2,
        low=low,
        high=high,
        p_corrected=None,
        verdict="one seed",
        gained=None,
        lost=None,
    )


def target(macro: tuple[float, float], **languages: tuple[float, float]) -> ComparedTarget:
    return ComparedTarget(
        target="names",
        metric="top1_accuracy",
        protocol="crosslift/xx->en",
        macro=row("macro", *macro),
        languages=tuple(row(code, *ends) for code, ends in languages.items()),
    )


def test_a_mean_must_be_shown_to_lose_no_more_than_is_allowed() -> None:
    assert not list(_losses([target((-0.009, 0.02), de=(-0.05, 0.05))], 1.0))
    (loss,) = _losses([target((-0.011, 0.02), de=(-0.05, 0.05))], 1.0)
    assert loss == "names, mean of all languages: +0.5 [−1.1, +2.0]"
    assert not list(_losses([target((-0.011, 0.02), de=(-0.05, 0.05))], 2.0))


def test_a_language_that_is_shown_to_lose_more_is_named() -> None:
    (loss,) = _losses([target((0.0, 0.02), de=(-0.05, -0.011), ja=(-0.05, -0.009))], 1.0)
    assert loss.startswith("names, de: ")


def test_a_guard_without_a_changed_answer_has_lost_nothing() -> None:
    """Its interval follows from the rule of three, and would refuse an encoder that changed nothing."""
    guard = target((-0.03, 0.03), de=(-0.05, 0.05))
    assert len(list(_losses([guard], 1.0))) == 1
    same = guard.macro.model_copy(update={"gained": 0, "lost": 0})
    assert not list(_losses([guard.model_copy(update={"macro": same})], 1.0))
    swapped = guard.macro.model_copy(update={"gained": 3, "lost": 3})
    assert len(list(_losses([guard.model_copy(update={"macro": swapped})], 1.0))) == 1


def test_held_out_data_must_not_lose_themselves() -> None:
    """A loss of 0.5 points is allowed, whatever its interval."""
    assert not list(_lost_itself(target((-0.08, 0.07), de=(-0.1, 0.1)), 1.0))
    (loss,) = _lost_itself(target((-0.03, -0.01), de=(-0.03, -0.01)), 1.0)
    assert loss == "names, your held-out data: −2.0 [−3.0, −1.0]"


@pytest.mark.parametrize("allowed", [0.0, 100.0])
def test_pairs_train_an_encoder_that_is_exported_or_not(
    xlm_folder: Path, tmp_path: Path, allowed: float
) -> None:
    improvement = improve(
        str(xlm_folder),
        tmp_path / "better",
        pairs=pairs_file(tmp_path),
        languages=["de", "ja"],
        allow_loss=allowed,
        updates=2,
        store=Store(tmp_path / "store"),
    )
    assert [(each.seed, each.learning_rate) for each in improvement.tries] == [
        (seed, rate) for seed in (1, 2) for rate in (3e-6, 1e-5, 3e-5)
    ]
    chosen = [each for each in improvement.tries if each.chosen]
    assert len(chosen) == 2
    assert improvement.seed in {each.seed for each in chosen}
    assert improvement.held_out.target == "text-pairs"
    assert [guard.target for guard in improvement.guards] == ["names", "gettext"]
    saved = json.loads((tmp_path / "better" / IMPROVEMENT_FILE).read_text(encoding="utf-8"))
    assert saved == improvement.to_json()
    model = tmp_path / "better" / "model"
    assert (improvement.exported is None) == bool(improvement.losses)
    assert (model / "model.safetensors").is_file() == (not improvement.losses)
    if allowed == 100.0:
        assert improvement.exported == str(model)


def test_pictures_are_compared_with_the_untouched_encoder_and_a_map(
    xlm_folder: Path, tmp_path: Path
) -> None:
    improvement = improve(
        str(xlm_folder),
        tmp_path / "better",
        images=captions_folder(tmp_path / "photos"),
        languages=["de", "ja"],
        allow_loss=100,
        updates=2,
        store=Store(tmp_path / "store"),
    )
    assert improvement.held_out.target == "picture-captions"
    assert improvement.arm == "pictures"
    assert improvement.exported is not None


def test_one_kind_of_data_is_needed(xlm_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no data"):
        improve(str(xlm_folder), tmp_path / "better")


def test_the_command_prints_tries_changes_and_the_folder(
    crosslift: Any, xlm_folder: Path, tmp_path: Path
) -> None:
    arguments = ["improve", xlm_folder, "--pairs", pairs_file(tmp_path), "--languages", "de,ja"]
    places = ["--out", tmp_path / "better", "--store", tmp_path / "store"]
    result = crosslift(*arguments, *places, "--updates", "2", "--allow-loss", "100")
    assert result.code == 0, result.err
    for words in (
        "Learning rates",
        "seed 1, 3e-06",
        "(chosen)",
        "text-pairs",
        "Exported",
        "Report:",
    ):
        assert words in result.out
    again = crosslift(*arguments, *places, "--updates", "2", "--allow-loss", "100")
    assert again.code == 0, again.err
    assert (tmp_path / "better" / "model" / "model.safetensors").is_file()
    refused = crosslift(*arguments, *places, "--updates", "2", "--allow-loss", "0")
    assert refused.code == 0, refused.err
    exported = "Not exported" not in refused.out
    assert (tmp_path / "better" / "model").exists() == exported, (
        "nothing of an earlier call is left"
    )
    wrong = crosslift("improve", xlm_folder, "--out", tmp_path / "x")
    assert wrong.code == 2
    assert "--pairs" in wrong.err


def test_other_data_in_a_used_folder_are_refused_and_nothing_is_written(
    crosslift: Any, xlm_folder: Path, tmp_path: Path
) -> None:
    places = ["--out", tmp_path / "better", "--store", tmp_path / "store", "--languages", "de"]
    settings = ["--updates", "2", "--seeds", "1", "--allow-loss", "100"]
    pairs = ["improve", xlm_folder, "--pairs", pairs_file(tmp_path)]
    first = crosslift(*pairs, *places, *settings)
    assert first.code == 0, first.err
    before = contents(tmp_path / "better")
    images = ["improve", xlm_folder, "--images", captions_folder(tmp_path / "photos")]
    refused = crosslift(*images, *places, *settings)
    assert refused.code == 2
    assert "holds the run of another study" in refused.err
    assert "--replace" in refused.err
    assert contents(tmp_path / "better") == before
    replaced = crosslift(*images, *places, *settings, "--replace")
    assert replaced.code == 0, replaced.err
    saved = json.loads((tmp_path / "better" / IMPROVEMENT_FILE).read_text(encoding="utf-8"))
    assert saved["arm"] == "pictures"


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
