"""Exported folders: whole for transformers, with the permissions of new files, in half precision."""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from test_encoder_folders import KINDS, TEXTS, least_cosine
from tiny_encoder import load_tiny, make_tiny_encoder

from crosslift.artifacts.files import file_written_whole, folder_written_whole
from crosslift.encoders.encode_texts import encode
from crosslift.encoders.export import write_sentence_transformer
from crosslift.encoders.kinds import WeightPrecision
from crosslift.errors import EncoderError
from crosslift.sources.mteb_tasks import load_mteb_task
from crosslift.targets.evaluate_mteb import evaluate_mteb

LEAST_COSINE: dict[WeightPrecision, float] = {"bfloat16": 0.999, "float16": 0.99999}


@pytest.fixture(params=[0o022, 0o027, 0o002])
def mask(request: pytest.FixtureRequest) -> Iterator[int]:
    """The user's mask of permissions."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(p.stat().st_mode) for p in folder.rglob("*") if p.is_file()}


def without_pooler(folder: Path) -> dict[str, torch.Tensor]:
    """Takes the pooler out of a folder; returns its weights."""
    tensors = load_file(folder / "model.safetensors")
    pooler = {name: tensors.pop(name) for name in list(tensors) if name.startswith("pooler.")}
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return pooler


def loaded(folder: Path) -> tuple[Any, dict[str, Any]]:
    """The model as a user of transformers loads it, and what was not as expected."""
    kind = transformers.AutoModelForTextEncoding if "t5" in folder.parent.name else None
    model, info = (kind or transformers.AutoModel).from_pretrained(folder, output_loading_info=True)
    return model, {name: each for name, each in info.items() if each}


def test_exported_files_have_the_permissions_of_new_files(mask: int, tmp_path: Path) -> None:
    encoder = load_tiny(make_tiny_encoder(tmp_path / "model"))
    write_sentence_transformer(encoder, tmp_path / "exported")
    assert modes(tmp_path / "exported") == {0o666 & ~mask}


def test_private_files_of_other_libraries_get_the_permissions_of_new_files(
    mask: int, tmp_path: Path
) -> None:
    with folder_written_whole(tmp_path / "folder") as draft:
        (draft / "inner").mkdir(mode=0o700)
        save_file({"a": torch.zeros(1)}, draft / "inner" / "a.safetensors")
    with file_written_whole(tmp_path / "b.safetensors") as draft:
        save_file({"b": torch.zeros(1)}, draft)
    assert modes(tmp_path) == {0o666 & ~mask}
    inner = tmp_path / "folder" / "inner"
    assert stat.S_IMODE(inner.stat().st_mode) == 0o777 & ~mask


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("static", "model2vec")])
def test_transformers_misses_no_weight(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / kind.replace(" ", "-") / "exported"
    write_sentence_transformer(load_tiny(KINDS[kind](tmp_path / "model")), folder)
    model, faults = loaded(folder)
    assert not faults
    assert model.dtype == torch.float32


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_a_published_pooler_is_exported_as_it_is(prefix: str, tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path / "model")
    tensors = load_file(folder / "model.safetensors")
    pooler = {name: value for name, value in tensors.items() if name.startswith("pooler.")}
    renamed = {prefix + name: value for name, value in tensors.items()}
    save_file(renamed, folder / "model.safetensors", {"format": "pt"})
    write_sentence_transformer(load_tiny(folder, hidden_state=1), tmp_path / "exported")
    model, faults = loaded(tmp_path / "exported")
    assert not faults
    assert set(pooler) == {"pooler.dense.weight", "pooler.dense.bias"}
    for name, value in pooler.items():
        torch.testing.assert_close(model.state_dict()[name], value, rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "mpnet"])
def test_a_pooler_that_was_not_published_passes_the_first_state_on(
    kind: str, tmp_path: Path
) -> None:
    folder = make_tiny_encoder(tmp_path / "model", kind)
    assert without_pooler(folder)
    write_sentence_transformer(load_tiny(folder), tmp_path / "exported")
    model, faults = loaded(tmp_path / "exported")
    assert not faults
    result = model(torch.tensor([[2, 7, 8, 3]]))
    torch.testing.assert_close(result.pooler_output, result.last_hidden_state[:, 0].tanh())


@pytest.mark.parametrize("precision", LEAST_COSINE)
@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_gives_close_vectors(
    kind: str, precision: WeightPrecision, tmp_path: Path
) -> None:
    encoder = load_tiny(KINDS[kind](tmp_path / "model"))
    write_sentence_transformer(encoder, tmp_path / "half", precision)
    stored = load_file(tmp_path / "half" / "model.safetensors")
    assert {value.dtype for value in stored.values()} == {getattr(torch, precision)}
    expected = encode(encoder, TEXTS)
    model = SentenceTransformer(str(tmp_path / "half"), device="cpu")
    vectors = np.asarray(model.encode(list(TEXTS)), np.float32)
    assert least_cosine(vectors, expected) > LEAST_COSINE[precision]
    again = load_tiny(tmp_path / "half")
    assert least_cosine(encode(again, TEXTS), expected) > LEAST_COSINE[precision]


def test_a_weight_that_float16_does_not_hold(tmp_path: Path) -> None:
    encoder = load_tiny(make_tiny_encoder(tmp_path / "model"))
    with torch.no_grad():
        encoder.table.whole[5, 0] = 1e5
    with pytest.raises(EncoderError, match=r"word_embeddings.weight has values up to 1e\+05"):
        write_sentence_transformer(encoder, tmp_path / "half", "float16")
    assert not (tmp_path / "half").exists()
    write_sentence_transformer(encoder, tmp_path / "half", "bfloat16")


# Other programs


OF_MTEB = (
    "The fill_missing parameter is deprecated",
    "The `get_sentence_embedding_dimension` method",
)
"""What `mteb` warns of in its own code, whatever model it is given."""


@pytest.mark.parametrize("prompt", ["", "query: "])
def test_sentence_transformers_and_mteb_take_it_without_a_warning(
    prompt: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Warnings are errors. The log has the line that sentence-transformers writes of every model with a
    default prompt. The prompt is put before queries and documents as before other texts."""
    import mteb
    from mteb_tasks import SmallRetrieval

    encoder = load_tiny(make_tiny_encoder(tmp_path / "model"), prompt=prompt, max_tokens=16)
    write_sentence_transformer(encoder, tmp_path / "exported")
    task = SmallRetrieval().filter_eval_splits(["test"])
    caplog.set_level("WARNING")
    transformers.utils.logging.warning_once.cache_clear()  # another test may have logged the line
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for message in OF_MTEB:
            warnings.filterwarnings("ignore", message)
        model = SentenceTransformer(str(tmp_path / "exported"), device="cpu")
        read = [each(TEXTS) for each in (model.encode, model.encode_query, model.encode_document)]
        result = mteb.evaluate(model, task, cache=None, co2_tracker=False, show_progress_bar=False)
    logged = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert all(line.startswith("Default prompt name is set to 'query'") for line in logged)
    ours = encode(encoder, TEXTS)
    for vectors in read:
        assert least_cosine(ours, vectors) > 0.9999
    scores = {
        each["hf_subset"]: each["main_score"] for each in result.task_results[0].scores["test"]
    }
    own = evaluate_mteb(load_mteb_task("SmallRetrieval"), "de", "", lambda t, _: encode(encoder, t))
    assert scores["de"] == pytest.approx(own.outcomes.score("mteb_score"), abs=1e-5)
