"""The model card of an export: front matter that the hub reads, and what it says of the weights."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from huggingface_hub import EvalResult, ModelCard
from report_sample import card_text, exported, write_sample

from crosslift import wording
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.origin import Origin, origin_of
from crosslift.errors import UnknownNameError
from crosslift.reports.model_card import card_of_arm
from crosslift.reports.model_card_text import model_card
from crosslift.results.comparison import ComparedLanguage, ComparedTarget
from crosslift.results.run_folder import RunFolder
from crosslift.results.verdict import HIGHER, INCONCLUSIVE, LOWER


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return RunFolder.read(write_sample(tmp_path_factory.mktemp("run") / "sample"))


def results(text: str, place: Path) -> list[EvalResult]:
    """The scores as the hub's own library reads them."""
    place.write_text(text, encoding="utf-8")
    return ModelCard.load(place).data.eval_results or []


def rows_of(text: str, first: str) -> list[list[str]]:
    """The cells of the rows that begin with a text."""
    lines = [line for line in text.splitlines() if line.startswith(f"| {first}")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_a_model_card(run: RunFolder) -> None:
    text = card_text(run, "image", prompt="query: ", name="image-e5")
    _, front, body = text.split("---\n", 2)
    facts = yaml.safe_load(front)
    assert facts["library_name"] == "sentence-transformers"
    assert facts["pipeline_tag"] == "sentence-similarity"
    assert (facts["license"], facts["base_model"]) == ("mit", "someone/encoder")
    assert {"ar", "zh"} <= set(facts["language"])
    verdict = run.against_baseline("image", run.target("tatoeba"))
    assert verdict is not None
    assert wording.interval(verdict.low, verdict.high) in body
    assert "`crosslift/xx->en`" in body
    assert "100 updates of 128, learning rate 2e-05" in body
    assert "100 updates, 12,800 examples, 91,877 tokens, 19.3 TFLOP" in body
    assert "Pictures: CC BY-SA 4.0 \\| see &lt;NOTICE>." in body
    assert "'query: '" in body
    table = body.split("## What it scores\n\n")[1].split("\n\n")[0].splitlines()
    assert len(table) == 2 + 3
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 10 for row in table)


def test_the_scores_of_the_exported_seed_are_those_of_the_model_index(
    run: RunFolder, tmp_path: Path
) -> None:
    target = run.target("tatoeba")
    for seed in run.arm("image").seeds:
        rows = {
            row.language: row
            for row in run.scores
            if (row.arm, row.seed, row.target, row.protocol, row.subset, row.metric)
            == ("image", seed, target.name, target.protocol, "all", target.metric)
        }
        text = card_text(run, "image", seed=seed, name="m")
        own = [r for r in results(text, tmp_path / "card.md") if r.dataset_type == target.name]
        assert all(r.metric_args and r.metric_args["seed"] == seed for r in own)
        macro, *each = own
        assert macro.metric_value == pytest.approx(rows["macro"].value, abs=1e-6)
        assert {r.dataset_config for r in each} == set(rows) - {"macro"}
        for result in each:
            row = rows[str(result.dataset_config)]
            assert result.metric_value == pytest.approx(row.value, abs=1e-6)
            assert result.metric_args and result.metric_args["queries"] == row.n
        (cells,) = rows_of(text, "Tatoeba")
        values = [
            row.value
            for row in run.scores
            if (row.arm, row.target, row.protocol, row.subset, row.metric, row.language)
            == ("image", target.name, target.protocol, "all", target.metric, "macro")
        ]
        shown = [wording.percent(rows["macro"].value), wording.percent(sum(values) / len(values))]
        assert cells[4:6] == shown


def test_scores_that_the_encoder_alone_cannot_have_are_not_in_the_model_index(
    run: RunFolder, tmp_path: Path
) -> None:
    own = results(card_text(run, "image"), tmp_path / "card.md")
    pictures = {t.name for t in run.run.targets if t.kind == "pictures"}
    assert pictures
    assert not pictures & {r.dataset_type for r in own}
    centred = card_text(run, "image", postprocessing=("centre", "csls"))
    assert not results(centred, tmp_path / "card.md")
    assert (
        "Scores of pairs of texts were measured after centre and csls, which this folder" in centred
    )


def change(language: str, difference: float, verdict: str) -> ComparedLanguage:
    return ComparedLanguage(
        language=language,
        n_queries=100,
        first=0.5,
        second=0.5 + difference,
        difference=difference,
        low=difference - 0.02,
        high=difference + 0.02,
        p_corrected=0.01,
        verdict=verdict,  # type: ignore[arg-type]
        gained=None,
        lost=None,
    )


def test_changes_in_each_language(run: RunFolder) -> None:
    target = run.target("tatoeba")
    codes = [c for c in target.languages if any(s.language == c for s in run.scores)][:3]
    compared = ComparedTarget(
        target=target.name,
        metric=target.metric,
        protocol=target.protocol,
        macro=change("macro", 0.01, INCONCLUSIVE),
        languages=(
            change(codes[0], 0.05, HIGHER),
            change(codes[1], -0.04, LOWER),
            change(codes[2], 0.01, INCONCLUSIVE),
        ),
    )
    text = model_card(card_of_arm(run, "image", exported(), [compared]))
    part = text.split("### Tatoeba sentences")[1].splitlines()
    lines = {code: next(line for line in part if f"(`{code}`)" in line) for code in codes}
    assert "| 50.0 | +5.0 [+3.0, +7.0] | higher |" in lines[codes[0]]
    assert "| \u22124.0 [\u22126.0, \u22122.0] | lower |" in lines[codes[1]]
    assert "better in 1 of 3 languages, worse in 1 (" in text
    assert "no difference is shown in 1." in text
    limits = text.split("## Limits")[1]
    assert "it is worse than the study's baseline in" in limits


def test_a_card_of_an_untrained_arm(run: RunFolder, tmp_path: Path) -> None:
    text = card_text(run, "raw", seed=0, origin=Origin(None, None, ""))
    facts = yaml.safe_load(text.split("---\n", 2)[1])
    assert not {"license", "base_model"} & set(facts)
    assert "No licence is stated." in text
    assert f"Nothing: this is `{run.arm('raw').encoder}` as it starts." in text
    assert "not compared" in text
    assert results(text, tmp_path / "card.md")
    with pytest.raises(UnknownNameError, match="unknown arm 'rwa'"):
        card_of_arm(run, "rwa", exported())


def test_settings_that_each_seed_chose_are_those_of_the_exported_seed(run: RunFolder) -> None:
    facts = run.arm("image")
    seeds = facts.seeds
    assert len(seeds) > 1
    stage = facts.stages[0].model_copy(
        update={
            "learning_rates": tuple(1e-5 * (i + 1) for i in range(len(seeds))),
            "kept_updates": tuple(10 * (i + 1) for i in range(len(seeds))),
        }
    )
    arms = tuple(
        a.model_copy(update={"stages": (stage,)}) if a.name == "image" else a for a in run.run.arms
    )
    changed = replace(run, run=run.run.model_copy(update={"arms": arms}))
    text = card_text(changed, "image", seed=seeds[1])
    assert "learning rate 2e-05 (chosen)" in text
    assert "the weights of update 20 were kept" in text


def test_what_the_check_of_languages_found_is_said(run: RunFolder) -> None:
    facts = run.arm("image")
    task = facts.stages[0].tasks[0].model_copy(update={"english_share": 0.97})
    stage = facts.stages[0].model_copy(update={"tasks": (task,)})
    arms = tuple(
        a.model_copy(update={"stages": (stage,)}) if a.name == "image" else a for a in run.run.arms
    )
    text = card_text(replace(run, run=run.run.model_copy(update={"arms": arms})), "image")
    assert f"{task.task} states no language: 97% of its records read as English." in text


def test_half_precision_is_said(run: RunFolder) -> None:
    assert "rounded" not in card_text(run, "image")
    text = card_text(run, "image", precision="float16")
    assert "Weights are in float16." in text
    assert "Its weights were rounded to float16 after they were measured" in text


# Where the weights come from


def test_the_origin_of_the_embedded_encoder(tmp_path: Path) -> None:
    origin = origin_of(EncoderSettings(name="embedded"), tmp_path)
    assert origin[:2] == ("intfloat/multilingual-e5-small", "mit")


def test_the_origin_of_a_hub_name_and_of_a_folder(tmp_path: Path) -> None:
    hub = EncoderSettings(name="someone/encoder")
    assert origin_of(hub, tmp_path)[:2] == ("someone/encoder", None)
    card = "---\nlicense: apache-2.0\nbase_model: someone/base\n---\n# Mine\n"
    (tmp_path / "README.md").write_text(card, encoding="utf-8")
    assert origin_of(hub, tmp_path)[:2] == ("someone/encoder", "apache-2.0")
    folder = EncoderSettings(name=str(tmp_path))
    assert origin_of(folder, tmp_path)[:2] == ("someone/base", "apache-2.0")


@pytest.mark.parametrize(
    "card",
    ["", "# No front matter\n", "---\n- a\n---\n", "---\n: [\n---\n", "---\nlicense: 1\n---\n"],
)
def test_a_card_that_says_nothing(card: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(card, encoding="utf-8")
    origin = origin_of(EncoderSettings(name=str(tmp_path)), tmp_path)
    assert origin[:2] == (None, None)
    assert "its licence holds" in origin.note
