"""A prompt for each side of texts in pairs, and prompts by the names that an encoder gives them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_study import small_study
from tiny_encoder import load_tiny, make_tiny_encoder

from crosslift.api.session import evaluate, run_study, sweep
from crosslift.artifacts.store import Store
from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_folder import prompt_of
from crosslift.encoders.encoder_settings import EncoderSettings, SidePrompts
from crosslift.encoders.sweep_settings import SweepSettings
from crosslift.errors import EncoderError, StudyError, UnknownNameError
from crosslift.targets.target_settings import TargetSettings

WORDS = ("red", "blue", "old", "new", "cat", "dog", "sun", "rain", "hill", "sea", "bread", "salt")
SRC = tuple(f"de {w} {WORDS[i - 1]}" for i, w in enumerate(WORDS))
TGT = tuple(f"the {w} and {WORDS[i - 1]}" for i, w in enumerate(WORDS))
USE = {"pooling": "mean", "prompt": "", "max_tokens": 40}
PROMPTS = {"query": "find: ", "document": "text of: "}


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    """An encoder that names two prompts and puts none of them by default."""
    folder = make_tiny_encoder(tmp_path / "encoder", "xlm-roberta", use=USE)
    path = folder / "config_sentence_transformers.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config |= {"prompts": PROMPTS, "default_prompt_name": None}
    path.write_text(json.dumps(config), encoding="utf-8")
    return folder


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "x.de-en.de").write_text("\n".join(SRC) + "\n", encoding="utf-8")
    (folder / "x.de-en.en").write_text("\n".join(TGT) + "\n", encoding="utf-8")
    return folder


def top1(encoder: Path, src: str, tgt: str, **settings: Any) -> float:
    """xx->en, computed here from vectors with these prompts."""
    x = encode(load_tiny(encoder, prompt=src, **settings), SRC)
    y = encode(load_tiny(encoder, prompt=tgt, **settings), TGT)
    x, y = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x, y))
    return float(((x @ y.T).argmax(axis=1) == np.arange(len(SRC))).mean())


def settings_of(encoder: Path, **changes: Any) -> EncoderSettings:
    return EncoderSettings(name=str(encoder), precision="float32", **changes)


@pytest.mark.parametrize(
    ("prompts", "src", "tgt"),
    [
        ({"prompt_src": "find: ", "prompt_tgt": "text of: "}, "find: ", "text of: "),
        ({"prompt_name_src": "query", "prompt_name_tgt": "document"}, "find: ", "text of: "),
        ({"prompt_tgt": "text of: "}, "ask: ", "text of: "),
        ({"prompt_src": "", "prompt_name_tgt": "query"}, "", "find: "),
    ],
)
def test_each_side_is_read_with_its_prompt(
    encoder: Path, pairs: Path, tmp_path: Path, prompts: dict[str, str], src: str, tgt: str
) -> None:
    target = TargetSettings(name="bitext", data=pairs, **prompts)
    evaluation = evaluate(settings_of(encoder, prompt="ask: "), target, store=Store(tmp_path / "s"))
    assert evaluation.macro["top1_accuracy"] == pytest.approx(top1(encoder, src, tgt))
    assert (evaluation.protocol["prompt_src"], evaluation.protocol["prompt_tgt"]) == (src, tgt)
    assert evaluation.protocol["prompt"] is None


def test_two_prompts_alike_are_one_reading(encoder: Path, pairs: Path, tmp_path: Path) -> None:
    target = TargetSettings(name="bitext", data=pairs, prompt_src="a: ", prompt_name_tgt="query")
    store = Store(tmp_path / "store")
    evaluate(settings_of(encoder), target, store=store)
    same = target.model_copy(update={"prompt_name_tgt": None, "prompt_tgt": "a: "})
    apart = evaluate(settings_of(encoder), same, store=store)
    one = TargetSettings(name="bitext", data=pairs)
    alike = evaluate(settings_of(encoder, prompt="a: "), one, store=store)
    assert apart.protocol == alike.protocol
    assert apart.macro == alike.macro


def test_a_prompt_by_name_is_its_text(encoder: Path, pairs: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    target = TargetSettings(name="bitext", data=pairs)
    by_name = evaluate(settings_of(encoder, prompt_name="query"), target, store=store)
    made = set(store.root.rglob("manifest.json"))
    by_text = evaluate(settings_of(encoder, prompt="find: "), target, store=store)
    assert by_name.protocol == by_text.protocol
    assert by_name.protocol["prompt"] == "find: "
    assert set(store.root.rglob("manifest.json")) == made, "nothing is made twice"


def test_names_that_the_encoder_does_not_have(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown prompt of .*'qury'") as error:
        prompt_of(settings_of(encoder, prompt_name="qury"))
    assert error.value.expected == "one of document, query"
    plain = make_tiny_encoder(tmp_path / "plain", "xlm-roberta")
    with pytest.raises(EncoderError, match="names no prompts"):
        prompt_of(settings_of(plain, prompt_name="query"))


def test_a_text_and_a_name_together_are_refused() -> None:
    with pytest.raises(ValueError, match="prompt 'a' and prompt_name 'b': give one of them"):
        EncoderSettings(name="embedded", prompt="a", prompt_name="b")
    with pytest.raises(ValueError, match="prompt_tgt 'a' and prompt_name_tgt 'b'"):
        SidePrompts(prompt_tgt="a", prompt_name_tgt="b")


def test_texts_without_sides_are_refused(encoder: Path) -> None:
    target = TargetSettings(name="pictures", prompt_src="a: ", prompt_name_tgt="query")
    with pytest.raises(StudyError, match="prompt_src, prompt_name_tgt of target 'pictures'"):
        evaluate(settings_of(encoder), target)


def test_a_sweep_tries_prompts_of_both_sides(encoder: Path, pairs: Path) -> None:
    target = TargetSettings(name="bitext", data=pairs, prompt_src="a: ")
    with pytest.raises(StudyError, match="a prompt for each side"):
        sweep(settings_of(encoder), target, SweepSettings(target="bitext"))


def test_the_commands_take_them(crosslift: Any, encoder: Path, pairs: Path, tmp_path: Path) -> None:
    common = ("--precision", "float32", "--store", tmp_path / "store", "--json", "-")
    sides = ("--prompt-name-src", "query", "--prompt-tgt", "text of: ")
    target = ("--target", "bitext", "--data", pairs)
    result = crosslift("evaluate", encoder, *target, *common, *sides)
    scores = result.json
    assert scores["protocol"]["prompt_src"] == "find: "
    by_hand = top1(encoder, "find: ", "text of: ")
    assert scores["macro"]["top1_accuracy"] == pytest.approx(by_hand)
    files = ("--src", pairs / "x.de-en.de", "--tgt", pairs / "x.de-en.en")
    out = tmp_path / "o.tsv"
    mined = crosslift("mine", "--model", encoder, *files, "--out", out, *common, *sides).json
    assert mined["reading"]["prompt_tgt"] == "text of: "
    assert mined["settings"]["prompt_name_src"] == "query"
    wrong = crosslift("evaluate", encoder, *target, "--prompt", "a", "--prompt-name", "b")
    assert (wrong.code, wrong.err) == (2, "prompt 'a' and prompt_name 'b': give one of them\n")


def test_a_study_says_so_in_its_report(encoder: Path, pairs: Path, tmp_path: Path) -> None:
    sides = {"prompt_name_src": "query", "prompt_tgt": "text of: "}
    study = small_study(
        encoder,
        seeds=[1],
        arms={"baseline": {}},
        start="plain",
        comparisons=[],
        targets=[
            {"name": "bitext", "data": str(pairs), "protocols": ["laser", "xtreme"], **sides},
            {"name": "names", "languages": ["de"], "pairs": 20},
        ],
    )
    out = tmp_path / "out"
    folder = run_study(study, out, Store(tmp_path / "store"))
    protocols = folder.run.protocols
    of_sides = protocols["crosslift/xx->en"]["plain on bitext"]
    assert (of_sides["prompt_src"], of_sides["prompt_tgt"]) == ("find: ", "text of: ")
    assert protocols["crosslift/xx->en"]["plain"]["prompt"] == ""
    assert protocols["laser/both"]["prompt_src"] == "find: "
    assert protocols["xtreme/en->xx"]["prompt"] == ""
    page = (out / "report.html").read_text(encoding="utf-8")
    assert (
        "src texts have the prompt that the encoder names &#39;query&#39; and tgt texts have prompt "
        "&#39;text of: &#39; instead." in page
    )
