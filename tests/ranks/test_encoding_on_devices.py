"""Texts and pictures encoded on two ranks: the bytes of one process; dev scores: the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rank_work import dev_scores
from small_study import SCRATCH, small_study
from tiny_encoder import TEXTS, load_tiny

from crosslift.artifacts.store import Store
from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.errors import EncoderError
from crosslift.making.encode import EncodedTexts, encode_texts
from crosslift.making.trained import Trained
from crosslift.planning.plan import Plan
from crosslift.planning.plan_study import plan_study
from crosslift.planning.sizes import needs_of, size_of_step
from crosslift.ranks.launch import KeptRanks, run_ranks
from crosslift.ranks.ranks import ALONE
from crosslift.steps.run import run_plan
from crosslift.steps.step import Step, Workplace

FROZEN = {"tower": "convolutional", "tower_side": "frozen"}


def study(encoder: Path, devices: int) -> Plan:
    """A trained and a frozen tower, a guide, pictures, a bitext, and a sweep."""
    trained = {"task": "picture-name", **SCRATCH, "limit": 90, "devices": 1}
    guide = {"limit": 150, "options": {"guide": str(encoder)}}
    return plan_study(
        small_study(
            encoder,
            starts={"plain": {"encoder": str(encoder)}},
            start="plain",
            seeds=[1],
            comparisons=[],
            devices=devices,
            arms={
                "baseline": {},
                "image": {"stages": [trained]},
                "frozen": {"stages": [{**trained, "options": FROZEN}]},
                "guided": {"stages": [{"task": "name-alias", **guide, "devices": 1}]},
            },
            targets=[
                {"name": "names", "languages": ["de"]},
                {"name": "pictures", "languages": ["en", "fa"]},
            ],
            sweep={"target": "names"},
        )
    )


@pytest.fixture(scope="module")
def made(bert_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The steps of a study, made by one process, and their store."""
    store = Store(tmp_path_factory.mktemp("one"))
    plan = study(bert_folder, 1)
    run_plan(plan, store)
    yield plan.steps(), store


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_two_ranks_write_the_bytes_of_one_process(
    made: tuple[list[Step], Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vectors of texts, of every hidden state, of pictures, and the features of a frozen tower. The
    ranks stay from one step to the next."""
    steps, store = made
    started: list[int] = []
    monkeypatch.setattr(KeptRanks, "_start", counting(KeptRanks._start, started))
    workplace = Workplace(store)
    compared = []
    for number, step in enumerate(steps):
        if step.kind in ("encode", "features", "embed-pictures"):
            folder = tmp_path / str(number)
            folder.mkdir()
            step.make(replace(step, devices=2), workplace, folder)
            ones = files(step.open(store))
            assert {name: ones[name] for name in files(folder)} == files(folder), step.label
            compared.append((step.kind, step.make.__name__))
    assert {make for _, make in compared} == {
        "encode_texts",
        "encode_everywhere",
        "encode_guided",
        "make_features",
        "embed_pictures",
    }
    assert started == [2]


def counting(start: Any, started: list[int]) -> Any:
    def noted(self: KeptRanks, count: int) -> None:
        started.append(count)
        start(self, count)

    return noted


def test_the_devices_of_a_study_encode(bert_folder: Path, made: tuple[list[Step], Store]) -> None:
    """The keys are those of one device."""
    steps, _ = made
    of_two = study(bert_folder, 2).steps()
    assert [step.key for step in of_two] == [step.key for step in steps]
    assert {step.devices for step in of_two if step.kind == "encode"} == {2}
    assert {step.devices for step in of_two if step.kind in ("train", "evaluate")} == {1}
    assert needs_of(of_two).devices == 2
    one, two = (next(s for s in each if s.kind == "encode") for each in (steps, of_two))
    assert size_of_step(two).memory == 2 * (size_of_step(one).memory or 0)
    assert size_of_step(two).disk == size_of_step(one).disk


def test_each_rank_runs_its_share_of_the_batches(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    texts = [f"{text} {number}" for number in range(8) for text in TEXTS]
    whole = encode(encoder, texts, tokens_per_batch=64)
    parts = [
        encode(encoder, texts, tokens_per_batch=64, turn=slice(number, None, 2))
        for number in range(2)
    ]
    mine, others = (part.any(axis=1) for part in parts)
    assert (mine ^ others).all()
    assert 0.3 < mine.mean() < 0.7
    assert (parts[0] + parts[1] == whole).all()


def test_an_error_of_one_rank_ends_both_and_the_next_step_works(
    bert_folder: Path, tmp_path: Path
) -> None:
    settings = EncoderSettings(name=str(bert_folder))
    encoder = Trained.untouched(settings, devices=2)
    workplace = Workplace(Store(tmp_path))

    def step(encoder: Trained) -> Step:
        job = EncodedTexts(encoder, ["a", "b"])
        return Step("encode", "texts", {}, {}, encode_texts, 2, job, devices=2)

    gone = replace(encoder, settings=settings.model_copy(update={"name": str(tmp_path / "no")}))
    with pytest.raises(EncoderError):
        encode_texts(step(gone), workplace, tmp_path)
    encode_texts(step(encoder), workplace, tmp_path)
    assert (tmp_path / "vectors.npy").stat().st_size > 128


def test_dev_scores_of_two_ranks_are_those_of_one(tiny_folders: dict[str, Path]) -> None:
    """Of every form; each rank encodes its share, and the first one compares."""
    one = dev_scores(ALONE, lambda _: None, tiny_folders)
    two = run_ranks(2, dev_scores, (tiny_folders,), lambda _: None)
    assert two == one
    assert sum(bool(scores) for scores in one.values()) >= 15
