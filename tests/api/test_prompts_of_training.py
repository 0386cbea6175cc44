"""Prompts of queries and passages: in training, in exported folders, and read from these again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from small_study import small_study
from tiny_encoder import load_tiny, make_tiny_encoder

from crosslift.api.export import export_arm
from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_folder import prompts_of_sides
from crosslift.encoders.encoder_settings import EncoderSettings, SidePrompts
from crosslift.encoders.export import write_sentence_transformer
from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import EncoderError, StudyError
from crosslift.forms import bitext_distillation, text_pairs
from crosslift.forms.bitext_distillation import BitextDistillation
from crosslift.forms.form import FormOptions, OpenTask, Split
from crosslift.forms.text_pairs import TextPairs
from crosslift.planning.plan_study import plan_study
from crosslift.sources.record import Record
from crosslift.studies.schema import Study

QUERIES, PASSAGES = ("a cat", "red hill", "old rain"), ("the cat sat", "a hill is red", "it rains")
NAMES = ("bark", "sea", "sunny")
WRONG = ("dogs bark", "blue sea", "new sun")
OPTIONS = FormOptions(
    text_locked=False, partners="own", seed=0, prompts={"src": "find: ", "tgt": "text of: "}
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_tiny_encoder(tmp_path / "model", "xlm-roberta")


def trained_tokens(task: OpenTask, module: Any, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The tokens that the loss of a batch of all rows puts through the encoder."""
    read: list[list[int]] = []
    inner = module.batch_vectors

    def noting(encoder: Encoder, sequences: Sequence[Sequence[int]], *rest: Any) -> Any:
        read.extend([int(i) for i in sequence] for sequence in sequences)
        return inner(encoder, sequences, *rest)

    monkeypatch.setattr(module, "batch_vectors", noting)
    task.loss(np.arange(len(QUERIES)), np.random.default_rng(0))
    return read


def plain_tokens(encoder: Encoder, prompt: str, texts: Sequence[str]) -> list[list[int]]:
    """The tokens of texts that begin with a prompt, of an encoder without one."""
    assert encoder.reading.prompt == ""
    return encoder.tokenise([prompt + text for text in texts])


def test_text_pairs_read_queries_and_passages_after_their_prompts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = zip(QUERIES, PASSAGES, WRONG, strict=True)
    records = [Record(a, {"anchor": a, "positive": p, "negative": n}) for a, p, n in rows]
    encoder = load_tiny(folder)
    task = TextPairs(negative="negative").open(encoder, Split(records), Split(records), OPTIONS)
    read = trained_tokens(task, text_pairs, monkeypatch)
    assert read == plain_tokens(encoder, "find: ", QUERIES) + plain_tokens(
        encoder, "text of: ", (*PASSAGES, *WRONG)
    )
    assert {i for sequence in read for i in sequence} <= set(task.token_ids())


def test_dev_scores_read_each_side_after_its_prompt(folder: Path) -> None:
    records = [
        Record(a, {"anchor": a, "positive": p}) for a, p in zip(WRONG, PASSAGES, strict=True)
    ]
    prompts = {"src": PASSAGES[1] + " ", "tgt": ""}  # each anchor is mostly the second passage
    options = replace(OPTIONS, prompts=prompts)
    encoder = load_tiny(folder)
    task = TextPairs().open(encoder, Split(records), Split(records), options)
    x, y = (
        encode(encoder, [p + t for t in texts])
        for p, texts in zip(prompts.values(), (WRONG, PASSAGES), strict=True)
    )
    x, y = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x, y))
    right = (x @ y.T).argmax(axis=1) == np.arange(len(WRONG))
    assert task.dev_scores() == {"dev_top1_accuracy": pytest.approx(float(right.mean()))}


def test_bitext_distillation_reads_translations_as_src(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = zip(QUERIES, PASSAGES, strict=True)
    records = [Record(e, {"english": e, "translation": t}) for e, t in rows]
    encoder = load_tiny(folder)
    form = BitextDistillation(teacher=str(folder))
    task = form.open(encoder, Split(records), Split([]), OPTIONS)
    assert trained_tokens(task, bitext_distillation, monkeypatch) == plain_tokens(
        encoder, "text of: ", QUERIES
    ) + plain_tokens(encoder, "find: ", PASSAGES)


def test_without_prompts_of_sides_all_texts_have_that_of_the_encoder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [
        Record(a, {"anchor": a, "positive": p}) for a, p in zip(QUERIES, PASSAGES, strict=True)
    ]
    options = replace(OPTIONS, prompts={"tgt": "text of: "})
    task = TextPairs().open(load_tiny(folder, prompt="ask: "), Split(records), Split([]), options)
    plain = load_tiny(folder)
    assert trained_tokens(task, text_pairs, monkeypatch) == plain_tokens(
        plain, "ask: ", QUERIES
    ) + plain_tokens(plain, "text of: ", PASSAGES)


@pytest.fixture
def unpooled(tmp_path: Path) -> Path:
    """An encoder that leaves the tokens of its prompt out of the pooling."""
    use = {"pooling": "mean", "prompt": "ask: ", "max_tokens": 40}
    folder = make_tiny_encoder(tmp_path / "model", "xlm-roberta", use=use)
    path = folder / "1_Pooling" / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) | {"include_prompt": False}
    path.write_text(json.dumps(config), encoding="utf-8")
    return folder


def test_an_encoder_that_does_not_pool_its_prompt_has_one_prompt(unpooled: Path) -> None:
    encoder = load_tiny(unpooled)
    assert encoder.tokenise(["a cat"], "ask: ") == encoder.tokenise(["a cat"])
    with pytest.raises(EncoderError, match="out of the pooling"):
        encoder.tokenise(["a cat"], "find: ")


def test_a_study_with_a_second_prompt_for_it_is_refused_when_it_is_read(
    unpooled: Path, tmp_path: Path
) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("anchor\tpositive\na cat\tcats\na dog\tdogs\n")

    def study(encoder: object, **prompts: str) -> Study:
        stage = {"task": "text-pairs", "data": str(pairs), "language": "en", **prompts}
        return small_study(
            tmp_path,
            starts={"plain": {"encoder": encoder}},
            start="plain",
            seeds=[1],
            arms={"baseline": {}, "own": {"stages": [stage]}},
            targets=[{"name": "names", "languages": ["de"]}],
            comparisons=[],
        )

    plan_study(study(str(unpooled), prompt_src="ask: "))
    with pytest.raises(StudyError, match=r"arms\.own\.stages\[0\].*out of the pooling"):
        study(str(unpooled), prompt_src="find: ")
    with pytest.raises(StudyError, match="the prompt '' of one side"):
        study(str(unpooled), prompt_tgt="")
    study({"name": str(unpooled), "pooling": "first_token"}, prompt_src="find: ")
    study({"name": str(unpooled), "prompt": "find: "}, prompt_src="find: ")
    elsewhere = study("someone/not-here", prompt_src="find: ")
    here = elsewhere.starts["plain"].model_copy(
        update={"encoder": EncoderSettings(name=str(unpooled))}
    )
    with pytest.raises(StudyError, match="task 'text-pairs': the prompt 'find: '"):
        plan_study(elsewhere.model_copy(update={"starts": {"plain": here}}))


# Exported folders


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    units: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return units


def check_export(
    exported: Path, ours: Encoder, src: str, tgt: str, default: str, names: dict[str, str]
) -> None:
    """Queries, documents and other texts have the vectors of our encoder after these prompts, and our
    loader reads the prompts by their names."""
    model = SentenceTransformer(str(exported), device="cpu")
    assert {n: p for n, p in model.prompts.items() if p or n in names} == names
    reads = {src: model.encode_query, tgt: model.encode_document, default: model.encode}
    for prompt, read in reads.items():
        expected = unit(encode(ours, QUERIES, prompt=prompt))
        assert np.allclose(read(list(QUERIES)), expected, atol=1e-5), prompt
    again = EncoderSettings(name=str(exported), precision="float32")
    named = SidePrompts(prompt_name_src="query", prompt_name_tgt="document")
    assert prompts_of_sides(named, again) == {"src": src, "tgt": tgt}
    assert load_tiny(exported).reading.prompt == default


@pytest.mark.parametrize(
    ("own", "prompts", "names"),
    [
        ("", {"src": "find: ", "tgt": "text of: "}, {"query": "find: ", "document": "text of: "}),
        ("", {"src": "find: "}, {"query": "find: ", "document": ""}),
        (
            "ask: ",
            {"src": "find: ", "tgt": "text of: "},
            {"query": "find: ", "document": "text of: ", "default": "ask: "},
        ),
        ("ask: ", {"tgt": ""}, {"query": "ask: ", "document": ""}),
    ],
)
def test_sentence_transformers_and_we_read_the_prompts_of_an_export(
    folder: Path, tmp_path: Path, own: str, prompts: Any, names: dict[str, str]
) -> None:
    encoder = load_tiny(folder, prompt=own, max_tokens=40)
    write_sentence_transformer(encoder, tmp_path / "exported", prompts=prompts)
    src, tgt = (prompts.get(side, own) for side in ("src", "tgt"))
    check_export(tmp_path / "exported", encoder, src, tgt, own, names)


def trained_study(folder: Path, pairs: Path, **prompts: str) -> Study:
    stage = {"task": "text-pairs", "data": str(pairs), "language": "en", **prompts}
    return small_study(
        folder,
        seeds=[1],
        start="plain",
        arms={"baseline": {}, "own": {"stages": [stage]}},
        targets=[{"name": "names", "languages": ["de"]}],
        comparisons=[],
    )


def test_a_study_trains_with_prompts_and_its_export_names_them(
    folder: Path, tmp_path: Path
) -> None:
    pairs = tmp_path / "pairs.tsv"
    rows = [*zip(QUERIES, PASSAGES, strict=True), *zip(WRONG, NAMES, strict=True)]
    lines = "".join(f"{a}\t{p}\n" for a, p in rows)
    pairs.write_text(f"anchor\tpositive\n{lines}", encoding="utf-8")
    plain = trained_study(folder, pairs)
    study = trained_study(folder, pairs, prompt_src="find: ", prompt_tgt="text of: ")
    keys = [
        next(r for r in plan_study(s).runs if r.arm == "own").stage_steps[0].settings["tasks"][0]
        for s in (plain, study)
    ]
    assert "prompts" not in keys[0], "keys are as they were before"
    assert keys[1] == keys[0] | {"prompts": {"src": "find: ", "tgt": "text of: "}}
    store = Store(tmp_path / "store")
    run_study(study, tmp_path / "run", store)
    exported = export_arm(tmp_path / "run", "own", tmp_path / "exported")
    names = {"query": "find: ", "document": "text of: "}
    check_export(exported, load_tiny(exported), "find: ", "text of: ", "", names)
    card = (exported / "README.md").read_text(encoding="utf-8")
    assert "Queries are encoded after 'find: '" in card and "model.encode_query(" in card
    run_study(plain, tmp_path / "plain", store)
    weights = export_arm(tmp_path / "plain", "own", tmp_path / "unprompted")
    assert not np.array_equal(
        encode(load_tiny(weights), QUERIES), encode(load_tiny(exported), QUERIES)
    ), "training read other tokens"
    other = SidePrompts(prompt_src="ask: ")
    chosen = export_arm(tmp_path / "plain", "own", tmp_path / "chosen", prompts=other)
    names = {"query": "ask: ", "document": ""}
    check_export(chosen, load_tiny(chosen), "ask: ", "", "", names)


def test_tasks_with_different_prompts_need_those_of_the_export(
    folder: Path, tmp_path: Path
) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("anchor\tpositive\na\tb\nc\td\n", encoding="utf-8")
    tasks = [
        {"task": "text-pairs", "data": str(pairs), "language": "en", "prompt_src": "find: "},
        {"task": "name-alias", "prompt_src": "ask: "},
    ]
    arms = {"baseline": {}, "own": {"stages": [{"tasks": tasks}]}}
    study = small_study(
        folder,
        seeds=[1],
        start="plain",
        arms=arms,
        targets=[{"name": "names", "languages": ["de"]}],
        comparisons=[],
    )
    run_study(study, tmp_path / "run", Store(tmp_path / "store"))
    with pytest.raises(StudyError, match="different prompts of sides") as caught:
        export_arm(tmp_path / "run", "own", tmp_path / "exported")
    assert "--prompt-src" in str(caught.value.remedy)
    assert not (tmp_path / "exported").exists()
