"""The sweep over hidden states and poolings: its scores, its choice, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_study import small_study
from tiny_encoder import make_tiny_encoder

from crosslift.api import session
from crosslift.api.session import evaluate, run_study
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.sweep_settings import SweepSettings
from crosslift.errors import StudyError, UnknownNameError
from crosslift.making.sweep import choice_of, dev_and_rest, score_readings
from crosslift.making.trained import Trained
from crosslift.planning import sweep_steps as sweeping
from crosslift.planning.load_target import load_target
from crosslift.planning.plan_study import plan_study
from crosslift.planning.sweep_steps import sweep_steps
from crosslift.results.reading_sweep import Sweep, SweptReading
from crosslift.retrieval.folds import folds_of
from crosslift.sources.record import Bitext
from crosslift.steps.make_step import make_step
from crosslift.steps.run import run_plan
from crosslift.steps.step import Workplace
from crosslift.studies.reading import StudyFileError
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.protocols import RETRIEVAL
from crosslift.targets.target_settings import TargetSettings
from crosslift.wording import prompt_words

STATES = [0, 1, 2]
POOLINGS = ("first_token", "mean_without_specials")
WORDS = ("red", "blue", "old", "new", "cat", "dog", "sun", "rain", "hill", "sea", "bread", "salt")
LANGUAGES = ("de", "fi", "sw")


def texts_of(language: str) -> tuple[list[str], list[str]]:
    """Forty pairs; the src text has words of the tgt text in it, in another order or turned round."""
    pairs = [(a, b) for i, a in enumerate(WORDS) for b in WORDS[i + 1 :]][:40]
    turned = language == "tr"
    src = [f"{a} and the {b[::-1]}" if turned else f"{language} {b} {a}" for a, b in pairs]
    return src, [f"{a} and the {b}" for a, b in pairs]


def write_bitexts(folder: Path, languages: Sequence[str]) -> TargetSettings:
    folder.mkdir()
    for code in languages:
        for end, texts in zip((code, "en"), texts_of(code), strict=True):
            path = folder / f"x.{code}-en.{end}"
            path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return TargetSettings(name="bitext", data=folder)


@pytest.fixture
def whole(tmp_path: Path) -> TargetSettings:
    return write_bitexts(tmp_path / "whole", LANGUAGES)


@pytest.fixture
def encoder(tmp_path: Path) -> EncoderSettings:
    folder = make_tiny_encoder(tmp_path / "encoder", "xlm-roberta")
    return EncoderSettings(name=str(folder), precision="float32")


def settings(**changed: Any) -> SweepSettings:
    return SweepSettings(**{"target": "bitext", "poolings": POOLINGS, **changed})


def sweep(*arguments: Any) -> dict[str, Any]:
    """The JSON of a sweep."""
    return session.sweep(*arguments).to_json()


def curve(swept: dict[str, Any], pooling: str) -> dict[str, Any]:
    arm = swept["arms"][0]
    return next(c for c in arm["curves"] if c["pooling"] == pooling)


# Scores


def test_every_place_scores_as_it_does_by_itself(
    encoder: EncoderSettings, whole: TargetSettings, tmp_path: Path
) -> None:
    """With dev languages the parts are languages, so that separate calls give the same means."""
    swept = sweep(encoder, whole, settings(dev_languages=("fi",)), Store(tmp_path / "store"))
    assert [c["pooling"] for c in swept["arms"][0]["curves"]] == ["mean", *POOLINGS]
    for pooling in ("mean", *POOLINGS):
        mean_curve = curve(swept, pooling)
        assert mean_curve["hidden_states"] == STATES
        for state in STATES:
            read = encoder.model_copy(update={"hidden_state": state, "pooling": pooling})
            alone = evaluate(read, whole, store=Store(tmp_path / "store")).languages
            scores = {code: alone[code]["top1_accuracy"] for code in LANGUAGES}
            assert mean_curve["dev"][state] == pytest.approx(scores["fi"], abs=1e-6)
            rest = (scores["de"] + scores["sw"]) / 2
            assert mean_curve["rest"][state] == pytest.approx(rest, abs=1e-6)
    assert len({value for c in swept["arms"][0]["curves"] for value in c["dev"]}) > 3


def test_halves_are_of_items_of_every_language(
    encoder: EncoderSettings, whole: TargetSettings, tmp_path: Path
) -> None:
    """All texts stay candidates; the outcomes of the items of each half are averaged."""
    import pyarrow.parquet as pq

    store = Store(tmp_path / "store")
    swept = sweep(encoder, whole, settings(poolings=()), store)
    assert swept["chosen_on"] == "one half of the items"
    assert swept["reported_on"] == "the other half of the items"
    for state in STATES:
        alone = Store(tmp_path / f"alone-{state}")
        evaluate(encoder.model_copy(update={"hidden_state": state}), whole, store=alone)
        paths = alone.root.glob("evaluate/*/outcomes.parquet")
        rows = [row for path in paths for row in pq.read_table(path).to_pylist()]
        rows = [row for row in rows if row["protocol"] == "crosslift/xx->en"]
        means: dict[int, list[float]] = {0: [], 1: []}
        for language in LANGUAGES:
            language_rows = [r for r in rows if r["language"] == language]
            folds = folds_of([r["item"] for r in language_rows])
            values = np.array([r["top1_accuracy"] for r in language_rows])
            for fold, of_languages in means.items():
                of_languages.append(float(values[folds == fold].mean()))
        mean_curve = curve(swept, "mean")
        assert mean_curve["dev"][state] == pytest.approx(np.mean(means[0]), abs=1e-6)
        assert mean_curve["rest"][state] == pytest.approx(np.mean(means[1]), abs=1e-6)


@pytest.mark.parametrize("direction", ["en->xx", "both"])
def test_the_direction_of_the_target_is_scored(
    encoder: EncoderSettings, whole: TargetSettings, tmp_path: Path, direction: str
) -> None:
    store = Store(tmp_path / "store")
    parts = settings(poolings=(), dev_languages=("fi",))
    target = TargetSettings.model_validate(whole.model_dump() | {"direction": direction})
    content = sweep(encoder, target, parts, store)
    assert content["direction"] == direction
    for state in STATES:
        read = encoder.model_copy(update={"hidden_state": state})
        alone = evaluate(read, whole, direction=direction, store=store).languages
        scores = {code: alone[code]["top1_accuracy"] for code in LANGUAGES}
        assert curve(content, "mean")["dev"][state] == pytest.approx(scores["fi"], abs=1e-6)
        rest = (scores["de"] + scores["sw"]) / 2
        assert curve(content, "mean")["rest"][state] == pytest.approx(rest, abs=1e-6)
    default = sweep(encoder, whole, parts, store)
    assert default["direction"] == "xx->en"
    assert default["arms"] != content["arms"], "the case must tell the directions apart"
    directed = TargetSettings.model_validate(whole.model_dump() | {"direction": "xx->en"})
    assert sweep(encoder, directed, parts, store) == default


# The choice


def reading(hidden_state: int, pooling: str, prompt: str) -> SweptReading:
    return SweptReading(hidden_state=hidden_state, pooling=pooling, prompt=prompt)


def test_the_choice_is_made_on_dev_alone() -> None:
    scores = {
        reading(0, "mean", ""): (0.3, 0.9),
        reading(1, "mean", ""): (0.6, 0.2),
        reading(2, "mean", ""): (0.5, 0.95),
    }
    choice = choice_of(scores, reading(2, "mean", "")).to_json()
    assert choice["chosen"] == {"hidden_state": 1, "pooling": "mean", "prompt": ""}
    assert choice["score"] == 0.2
    assert choice["default"] == {"hidden_state": 2, "pooling": "mean", "prompt": "", "score": 0.95}


def test_of_equals_the_highest_hidden_state_and_the_own_pooling_and_prompt_are_taken() -> None:
    scores = {
        reading(state, pooling, prompt): (0.5, 0.1 * state)
        for prompt in ("ask: ", "")
        for pooling in ("mean", "first_token")
        for state in (0, 1)
    }
    choice = choice_of(scores, reading(1, "mean", "ask: ")).to_json()
    assert choice["chosen"] == {"hidden_state": 1, "pooling": "mean", "prompt": "ask: "}
    kinds = [(curve["pooling"], curve["prompt"]) for curve in choice["curves"]]
    assert kinds == [(p, q) for q in ("ask: ", "") for p in ("mean", "first_token")]


def test_what_is_best_on_the_rest_is_not_chosen(encoder: EncoderSettings, tmp_path: Path) -> None:
    """Two languages that want different places: on either as dev, its own best is chosen."""
    store = Store(tmp_path / "store")
    few = write_bitexts(tmp_path / "few", ("fi", "tr"))
    places = [(pooling, state) for pooling in ("mean", *POOLINGS) for state in STATES]
    both = sweep(encoder, few, settings(dev_languages=("fi",)), store)
    scores = {
        (pooling, state): (curve(both, pooling)["dev"][state], curve(both, pooling)["rest"][state])
        for pooling, state in places
    }
    best = {side: max(scores, key=lambda p: (scores[p][side], p[1])) for side in (0, 1)}
    assert scores[best[0]][1] < scores[best[1]][1], "the case must tell the two apart"
    assert scores[best[1]][0] < scores[best[0]][0]
    arm = both["arms"][0]
    assert (arm["chosen"]["pooling"], arm["chosen"]["hidden_state"]) == best[0]
    assert arm["score"] == scores[best[0]][1]
    turned = sweep(encoder, few, settings(dev_languages=("tr",)), store)["arms"][0]
    assert (turned["chosen"]["pooling"], turned["chosen"]["hidden_state"]) == best[1]
    assert turned["score"] == scores[best[1]][0]


def test_dev_languages_are_named(
    encoder: EncoderSettings, whole: TargetSettings, tmp_path: Path
) -> None:
    swept = sweep(encoder, whole, settings(dev_languages=("fi", "sw")), Store(tmp_path / "store"))
    assert swept["chosen_on"] == "languages fi, sw"
    assert swept["reported_on"] == "the other languages"
    assert swept["target"] == "bitext"
    Sweep.model_validate(swept)


def test_the_encoders_own_reading_is_the_default(whole: TargetSettings, tmp_path: Path) -> None:
    use = {"pooling": "cls", "prompt": "ask: ", "max_tokens": 40}
    folder = make_tiny_encoder(tmp_path / "clumsy", "xlm-roberta", use=use)
    read = EncoderSettings(name=str(folder), precision="float32", hidden_state=1)
    store = Store(tmp_path / "store")
    swept = sweep(read, whole, settings(poolings=("mean",), dev_languages=("de",)), store)
    arm = swept["arms"][0]
    assert [c["pooling"] for c in arm["curves"]] == ["first_token", "mean"]
    default = arm["default"]
    assert (default["hidden_state"], default["pooling"]) == (1, "first_token")
    alone = evaluate(read, whole, store=store).languages
    rest = (alone["fi"]["top1_accuracy"] + alone["sw"]["top1_accuracy"]) / 2
    assert default["score"] == pytest.approx(rest, abs=1e-6)


def test_every_prompt_scores_as_it_does_by_itself(whole: TargetSettings, tmp_path: Path) -> None:
    use = {"pooling": "mean", "prompt": "rain: ", "max_tokens": 40}
    folder = make_tiny_encoder(tmp_path / "prompted", "xlm-roberta", use=use)
    read = EncoderSettings(name=str(folder), precision="float32")
    sweep_settings = settings(poolings=(), prompts=("", "hill: ", "rain: "), dev_languages=("fi",))
    swept = sweep(read, whole, sweep_settings, Store(tmp_path / "store"))
    arm = Sweep.model_validate(swept).arms[0]
    assert [curve.prompt for curve in arm.curves] == ["rain: ", "", "hill: "]
    for curve in arm.curves:
        alone = evaluate(read.model_copy(update={"prompt": curve.prompt}), whole).languages
        scores = {code: alone[code]["top1_accuracy"] for code in LANGUAGES}
        assert curve.dev[-1] == pytest.approx(scores["fi"], abs=1e-6)
        assert curve.rest[-1] == pytest.approx((scores["de"] + scores["sw"]) / 2, abs=1e-6)
    assert len({curve.dev for curve in arm.curves}) == 3
    best = max((curve.dev[state], state) for curve in arm.curves for state in STATES)
    assert arm.dev(arm.chosen) == best[0]
    assert arm.default.prompt == "rain: "
    assert arm.default.score == arm.curves[0].rest[-1]


# What is refused


def test_names_that_do_not_exist(encoder: EncoderSettings, whole: TargetSettings) -> None:
    with pytest.raises(UnknownNameError, match="dev language of bitext 'fr'"):
        sweep(encoder, whole, settings(dev_languages=("de", "fr")))
    with pytest.raises(StudyError, match="every language of the sweep is a dev language"):
        sweep(encoder, whole, settings(dev_languages=("sw", "fi", "de")))
    with pytest.raises(StudyError, match="target 'pictures' cannot be swept: it has no bitexts"):
        sweep(encoder, "pictures", settings(target="pictures"))


def test_a_half_without_items_is_refused(encoder: EncoderSettings) -> None:
    """All items in one half: there is nothing to choose on, or nothing to report."""
    names = [f"de:{i}" for i in range(40)]
    for fold, half in ((0, "other half"), (1, "dev half")):
        items = tuple(n for n, f in zip(names, folds_of(names), strict=True) if f == fold)[:3]
        texts = tuple(f"t{i}" for i in range(3))
        data = BitextData({"de": Bitext("de", texts, texts, items)})

        def vectors(texts: Sequence[str]) -> np.ndarray:
            return np.eye(3, dtype=np.float32)[: len(texts)]

        with pytest.raises(StudyError, match=f"no item of any language is in the {half}"):
            dev_and_rest(data, vectors, settings(), RETRIEVAL[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--poolings", "meen"), "did you mean 'mean'"),
        (("--dev-languages", "xx"), "dev language of names 'xx'"),
        (("--dev-languages", "de,ar"), "every language of the sweep is a dev language"),
        (("--direction", "sideways"), "'sideways' is not one of"),
    ],
)
def test_the_command_refuses(
    crosslift: Any, encoder: EncoderSettings, options: tuple[str, ...], message: str
) -> None:
    command = ("sweep", encoder.name, "--target", "names", "--languages", "de,ar")
    outcome = crosslift(*command, *options)
    assert outcome.code == 2
    assert message in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("options", "new"),
    [
        (("--sweep",), "crosslift sweep"),
        (("--sweep-poolings", "mean"), "crosslift sweep --poolings"),
        (("--sweep-prompts", ""), "crosslift sweep --prompts"),
        (("--dev-languages", "de"), "crosslift sweep --dev-languages"),
        (("--plot=x.svg",), "crosslift sweep --plot"),
    ],
)
def test_evaluate_names_the_new_command_of_old_options(
    crosslift: Any, options: tuple[str, ...], new: str
) -> None:
    outcome = crosslift("evaluate", "embedded", "--target", "names", *options)
    assert outcome.code == 2
    option = options[0].partition("=")[0]
    assert outcome.err.splitlines() == [
        f"`crosslift evaluate` has no option {option}",
        f"Expected: `{new}`",
    ]


def test_other_unknown_options_keep_their_own_error(crosslift: Any) -> None:
    outcome = crosslift("evaluate", "embedded", "--target", "names", "--swep")
    assert outcome.code == 2
    assert "No such option: --swep" in outcome.err


def test_a_study_checks_its_sweep(xlm_folder: Path) -> None:
    with pytest.raises(StudyFileError, match=r"sweep\.target: found 'nmes'.*'names'"):
        small_study(xlm_folder, sweep={"target": "nmes"})
    with pytest.raises(StudyFileError, match=r"sweep\.poolings\[0\]: found 'meen'"):
        small_study(xlm_folder, sweep={"target": "names", "poolings": ["meen"]})
    study = small_study(xlm_folder, sweep={"target": "pictures"})
    with pytest.raises(StudyError, match="'pictures' cannot be swept"):
        plan_study(study)


# From the command and in a study


def test_the_command_draws_the_curve(
    crosslift: Any, encoder: EncoderSettings, whole: TargetSettings, tmp_path: Path
) -> None:
    command = ("sweep", encoder.name, "--target", "bitext", "--data", whole.data)
    plot = tmp_path / "x.svg"
    prompts = ("--prompts", "rain: ", "--prompts", "")
    result = crosslift(*command, "--poolings", "all", *prompts, "--plot", plot, "--json", "-")
    assert result.code == 0, result.err
    assert "<svg" in plot.read_text(encoding="utf-8")
    arm = Sweep.model_validate(result.json).arms[0]
    assert len(arm.curves) == 14  # 7 poolings, 2 prompts
    assert {curve.prompt for curve in arm.curves} == {"", "rain: "}
    assert (arm.arm, arm.seed) == (encoder.name, 0)
    output = " ".join(result.err.split())
    assert f"hidden_state {arm.chosen.hidden_state}, pooling {arm.chosen.pooling}" in output
    assert f"{prompt_words(arm.chosen.prompt or '')}: " in output
    assert f"{arm.default.pooling}, no prompt): " in output
    assert "top-1 accuracy, xx->en, %: on one half of the items" in output


def test_the_command_scores_the_direction_it_is_given(
    crosslift: Any, encoder: EncoderSettings, whole: TargetSettings
) -> None:
    command = ("sweep", encoder.name, "--target", "bitext", "--data", whole.data)
    options = ("--precision", "float32", "--direction", "en->xx", "--json", "-")
    outcome = crosslift(*command, *options)
    assert outcome.code == 0, outcome.err
    target = TargetSettings(name="bitext", data=whole.data, direction="en->xx")
    assert outcome.json == sweep(encoder, target, settings(poolings=()))
    assert "top-1 accuracy, en->xx, %" in " ".join(outcome.err.split())


def test_a_study_writes_the_sweep_and_reports_it(
    xlm_folder: Path, whole: TargetSettings, tmp_path: Path
) -> None:
    arms = {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}}
    sweep_fields = {"target": "bitext", "poolings": ["first_token"], "dev_languages": ["de"]}
    study = small_study(
        xlm_folder,
        arms=arms,
        start="plain",
        comparisons=[],
        targets=[{"name": "bitext", "data": str(whole.data), "direction": "both"}],
        sweep=sweep_fields,
    )
    store, out = Store(tmp_path / "store"), tmp_path / "out"
    folder = run_study(study, out, store)
    written = Sweep.model_validate(json.loads((out / "sweep.json").read_text(encoding="utf-8")))
    assert [(arm.arm, arm.seed) for arm in written.arms] == [
        ("baseline", 0),
        ("text", 1),
        ("text", 2),
    ]
    assert written.arms[0].curves != written.arms[1].curves
    assert written.direction == "both"
    page = (out / "report.html").read_text(encoding="utf-8")
    assert 'id="sweep"' in page
    assert "top-1 accuracy, both" in page
    steps = {(step.kind, step.arm, step.seed) for step in folder.run.steps}
    assert ("sweep", "text", 2) in steps
    assert ("sweep", "baseline", 0) in steps
    target = TargetSettings(name="bitext", data=whole.data, direction="both")
    alone = sweep(str(xlm_folder), target, SweepSettings.model_validate(sweep_fields), store)
    assert alone["arms"][0]["curves"] == [c.model_dump(mode="json") for c in written.arms[0].curves]
    _, again = run_plan(plan_study(study), store)
    assert all(record.reused for record in again)


def test_killed_between_encoding_and_scoring_it_resumes(
    encoder: EncoderSettings,
    whole: TargetSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Store(tmp_path / "store")
    unbroken = sweep(encoder, whole, settings(), Store(tmp_path / "other"))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    killed.__module__ = score_readings.__module__  # it counts as the same code
    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "score_readings", killed)
        with pytest.raises(KeyboardInterrupt):
            sweep(encoder, whole, settings(), store)
    encode, score = sweep_steps(Trained.untouched(encoder), load_target(whole), settings())
    assert encode.exists(store)
    assert not score.exists(store)
    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "encode_everywhere", killed)
        assert sweep(encoder, whole, settings(), store) == unbroken


def test_every_place_has_vectors_of_its_own(
    encoder: EncoderSettings, whole: TargetSettings, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    encode, _ = sweep_steps(Trained.untouched(encoder), load_target(whole), settings())
    folder = make_step(encode, Workplace(store))
    vectors_by_file = {path.name: np.load(path) for path in folder.glob("vectors-*.npy")}
    assert len(vectors_by_file) == len(STATES) * 3
    assert len({vectors.tobytes() for vectors in vectors_by_file.values()}) == len(vectors_by_file)
    assert all(np.isfinite(vectors).all() for vectors in vectors_by_file.values())


def test_a_plot_of_another_kind_is_refused(
    crosslift: Any, encoder: EncoderSettings, whole: TargetSettings, tmp_path: Path
) -> None:
    command = ("sweep", encoder.name, "--target", "bitext", "--data", whole.data)
    result = crosslift(*command, "--plot", tmp_path / "x.jpg")
    assert result.code == 2
    assert "x.jpg" in result.err
