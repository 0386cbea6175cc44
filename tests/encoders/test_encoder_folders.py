"""Folders of published encoders: vectors equal to those of sentence-transformers, every key read or
refused."""

from __future__ import annotations

import itertools
import json
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from tiny_encoder import WIDTH, load_tiny, make_tiny_decoder, make_tiny_encoder, train_tiny
from tiny_folders import (
    KINDS,
    LEGACY_POOLINGS,
    change_json,
    legacy_pooling,
    make_adapter,
    make_distiluse,
    make_labse,
    make_model2vec,
    make_static,
    make_t5,
    make_two_towers,
    write_dense,
    write_json,
    write_modules,
    write_pooled,
)
from tiny_translators import FAMILIES

from crosslift.encoders.encode_texts import encode
from crosslift.encoders.encoder_folder import fingerprint, layers_of, weight_bytes, width_of
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.export import write_sentence_transformer
from crosslift.encoders.load_encoder import Encoder, load_encoder
from crosslift.encoders.reading import Reading
from crosslift.errors import EncoderError

TEXTS = (
    "a cat",
    "The DOG is running",
    "x",
    "rain, rain and RAIN",
    "singing in the rain again and again and again",
    "the " * 60,
)


def least_cosine(left: np.ndarray, right: np.ndarray) -> float:
    assert left.shape == right.shape
    sides = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (left, right)]
    return float((sides[0] * sides[1]).sum(1).min())


def published_vectors(folder: Path) -> np.ndarray:
    return np.asarray(SentenceTransformer(str(folder), device="cpu").encode(list(TEXTS)))


def assert_equal_vectors(folder: Path) -> Encoder:
    encoder = load_tiny(folder)
    assert least_cosine(encode(encoder, TEXTS), published_vectors(folder)) > 0.99999
    return encoder


# Kinds


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_are_those_of_sentence_transformers(kind: str, tmp_path: Path) -> None:
    folder = KINDS[kind](tmp_path / "model")
    encoder = assert_equal_vectors(folder)
    settings = EncoderSettings(name=str(folder))
    assert width_of(settings) == encoder.width == encode(encoder, ["a"]).shape[1]
    assert layers_of(settings) == encoder.model.config.num_hidden_layers


@pytest.mark.parametrize("kind", KINDS)
def test_exported_vectors_are_the_same(kind: str, tmp_path: Path) -> None:
    encoder = load_tiny(KINDS[kind](tmp_path / "model"))
    with torch.no_grad():
        encoder.table.whole[5:9] += 0.1  # as after training: unlike the folder's
    expected = encode(encoder, TEXTS)
    write_sentence_transformer(encoder, tmp_path / "exported")
    assert least_cosine(published_vectors(tmp_path / "exported"), expected) > 0.99999
    again = load_tiny(tmp_path / "exported")
    assert again.reading == encoder.reading
    assert least_cosine(encode(again, TEXTS), expected) > 0.99999


# Keys

_POOLINGS: dict[str, dict[str, Any]] = {
    **{name: legacy_pooling(name) for name in LEGACY_POOLINGS},
    "none": legacy_pooling(),
    "three": legacy_pooling("lasttoken", "cls_token", "mean_sqrt_len_tokens"),
    "new": {"embedding_dimension": WIDTH, "pooling_mode": "weightedmean"},
    "new, two": {"embedding_dimension": WIDTH, "pooling_mode": ["mean", "cls"]},
}
_DENSE: dict[str, dict[str, Any] | None] = {
    "none": None,
    "tanh": {},
    "identity": {"bias": False, "activation": "linear.Identity"},
    "gelu": {"activation": "activation.GELU"},
}
_COLUMNS: dict[str, tuple[Any, ...]] = {
    "pooling": tuple(_POOLINGS),
    "include_prompt": (None, True, False),
    "do_lower_case": (False, True),
    "max_seq_length": (None, 12),
    "prompt": (None, "", "find: ", "The Query of ALL: "),
    "dense": tuple(_DENSE),
    "residual": (False, True),
    "truncate_dim": (None, 8),
    "kind": ("bert", "xlm-roberta"),
}


def _rows(count: int = 90) -> list[dict[str, Any]]:
    """Combinations of keys among which each value of a key meets each value of every other key."""
    generator = random.Random(0)
    rows = [{k: generator.choice(v) for k, v in _COLUMNS.items()} for _ in range(count)]
    met = {(a, row[a], b, row[b]) for row in rows for a, b in itertools.combinations(_COLUMNS, 2)}
    for a, b in itertools.combinations(_COLUMNS, 2):
        for left, right in itertools.product(_COLUMNS[a], _COLUMNS[b]):
            if (a, left, b, right) not in met:
                rows.append({k: generator.choice(v) for k, v in _COLUMNS.items()})
                rows[-1] |= {a: left, b: right}
    return rows


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("plain")
    return {kind: make_tiny_encoder(place / kind, kind) for kind in _COLUMNS["kind"]}


def _folder_of(row: dict[str, Any], plain: dict[str, Path], place: Path) -> Path:
    folder = Path(shutil.copytree(plain[row["kind"]], place))
    pooling = dict(_POOLINGS[row["pooling"]])
    if row["include_prompt"] is not None:
        pooling["include_prompt"] = row["include_prompt"]
    dense = _DENSE[row["dense"]]
    write_pooled(folder, pooling, ("Normalize",) if dense is None else ("Dense", "Normalize"))
    modes = pooling.get(
        "pooling_mode", [n for n in LEGACY_POOLINGS if pooling.get(f"pooling_mode_{n}")]
    )
    width = WIDTH * (1 if isinstance(modes, str) else max(1, len(modes)))
    if dense is not None:
        write_dense(folder / "2_Dense", width, width, **dense)
        change_json(folder / "2_Dense" / "config.json", use_residual=row["residual"])
    limits = {name: row[name] for name in ("max_seq_length", "do_lower_case")}
    write_json(folder / "sentence_bert_config.json", limits)
    use = {"truncate_dim": row["truncate_dim"], "similarity_fn_name": "dot", "prompts": {}}
    if row["prompt"] is not None:
        use |= {"prompts": {"ask": row["prompt"], "tell": "no"}, "default_prompt_name": "ask"}
    write_json(folder / "config_sentence_transformers.json", use)
    return folder


def test_every_combination_of_keys_gives_their_vectors(
    plain: dict[str, Path], tmp_path: Path
) -> None:
    rows = _rows()
    assert len(rows) >= 90
    wrong = []
    for number, row in enumerate(rows):
        folder = _folder_of(row, plain, tmp_path / str(number))
        cosine = least_cosine(encode(load_tiny(folder), TEXTS), published_vectors(folder))
        wrong += [(row, cosine)] if not cosine > 0.99999 else []
    assert not wrong


def _with_cut(reading: Reading) -> Reading:
    """The reading of an export: a linear layer cuts the vectors, so that their length is 1."""
    if reading.dimensions is None:
        return reading
    modules = (*reading.modules, f"Dense to {reading.dimensions}")
    return replace(reading, modules=modules, dimensions=None)


@pytest.mark.parametrize("seed", range(8))
def test_every_combination_of_keys_is_exported(
    seed: int, plain: dict[str, Path], tmp_path: Path
) -> None:
    row = _rows()[seed * 7]
    encoder = load_tiny(_folder_of(row, plain, tmp_path / "model"))
    write_sentence_transformer(encoder, tmp_path / "exported")
    expected = encode(encoder, TEXTS)
    assert least_cosine(published_vectors(tmp_path / "exported"), expected) > 0.99999, row
    assert load_tiny(tmp_path / "exported").reading == _with_cut(encoder.reading)


_FILES = {
    "sentence_bert_config.json": {
        "transformer_task": "fill-mask",
        "modality_config": {"message": {"method": "forward"}},
        "processing_kwargs": {"text": {"padding": "max_length"}},
        "query_length": 32,
        "document_length": 32,
        "query_expansion": {"strategy": "fixed"},
        "model_args": {"rope_scaling": 2},
        "tokenizer_args": {"add_eos_token": True},
        "config_args": {"hidden_act": "relu"},
        "max_seq_length": "24",
        "do_lower_case": "yes",
        "strip_accents": True,
    },
    "config_sentence_transformers.json": {
        "model_type": "SparseEncoder",
        "default_prompt_name": "nobody",
        "prompts": ["query: "],
        "truncate_dim": 0,
        "requirements": {"transformers": ">=999"},
        "suffix": "</s>",
    },
    "1_Pooling/config.json": {
        "pooling_mode": "median",
        "include_prompt": "no",
        "pooling_mode_mean_tokens": 1,
        "layer": 4,
    },
    "2_Dense/config.json": {
        "module_input_name": "token_embeddings",
        "activation_function": "os.system",
        "in_features": 0,
        "out_features": 7,
        "bias": False,
        "use_residual": 1,
        "scale": 2,
    },
}


@pytest.mark.parametrize(
    ("file", "key", "value"),
    [(file, key, value) for file, keys in _FILES.items() for key, value in keys.items()],
)
def test_a_key_that_is_not_read_is_refused_by_name(
    file: str, key: str, value: Any, tmp_path: Path
) -> None:
    folder = make_distiluse(tmp_path / "model")
    change_json(folder / file, **{key: value})
    with pytest.raises(EncoderError) as caught:
        load_tiny(folder)
    message = str(caught.value)
    inside = next(iter(value)) if isinstance(value, dict) else key
    assert Path(file).parts[0].split(".")[0] in message
    assert inside in message or key in message or "linear." in message


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"type": "custom_module.Transformer"}, "its own code"),
        ({"path": "../elsewhere"}, "a folder inside"),
        ({"path": "/etc"}, "a folder inside"),
        ({"path": 3}, "path is 3"),
        ({"kwargs": ["task"]}, "kwargs"),
        ({"type": "sentence_transformers.models.BoW"}, "reads its texts with a module BoW"),
    ],
)
def test_a_module_that_leads_elsewhere_is_refused(
    entry: dict[str, Any], words: str, tmp_path: Path
) -> None:
    folder = make_labse(tmp_path / "model")
    modules = json.loads((folder / "modules.json").read_text())
    modules[0] |= entry
    write_json(folder / "modules.json", modules)
    with pytest.raises(EncoderError, match=words):
        load_tiny(folder)


def test_arguments_that_change_no_vector_are_read(tmp_path: Path) -> None:
    folder = make_labse(tmp_path / "model")
    change_json(
        folder / "sentence_bert_config.json",
        max_seq_length=30,
        model_args={"add_pooling_layer": False},
        tokenizer_args={"model_max_length": 10},
    )
    assert assert_equal_vectors(folder).reading.max_tokens == 10


def test_the_files_length_counts_before_the_tokenizers(tmp_path: Path) -> None:
    folder = write_pooled(make_tiny_encoder(tmp_path / "model"), legacy_pooling("mean_tokens"))
    change_json(folder / "tokenizer_config.json", model_max_length=8)
    assert assert_equal_vectors(folder).reading.max_tokens == 24
    (folder / "sentence_bert_config.json").unlink()
    assert assert_equal_vectors(folder).reading.max_tokens == 8


def test_what_a_setting_asks_for_is_read_without_the_folders_modules(tmp_path: Path) -> None:
    folder = make_distiluse(tmp_path / "model")
    states = encode(load_tiny(folder, pooling="mean"), TEXTS)
    assert states.shape[1] == load_tiny(folder, hidden_state=1).width == WIDTH
    assert load_tiny(folder).width == 20
    assert load_tiny(folder, hidden_state=1).reading.pooling == "mean"


def test_vectors_are_cut_to_their_first_numbers(tmp_path: Path) -> None:
    folder = make_labse(tmp_path / "model")
    whole = encode(load_tiny(folder), TEXTS)
    np.testing.assert_array_equal(encode(load_tiny(folder, dimensions=8), TEXTS), whole[:, :8])
    assert width_of(EncoderSettings(name=str(folder), dimensions=8)) == 8
    with pytest.raises(EncoderError, match=f"1 to {WIDTH}"):
        load_tiny(folder, dimensions=WIDTH + 1)


# Gradients


@pytest.mark.parametrize("kind", ["labse", "static", "t5", "gemma"])
def test_gradients_reach_the_token_rows(kind: str, tmp_path: Path) -> None:
    encoder = load_tiny(KINDS[kind](tmp_path / "model"))
    sequences = encoder.tokenise(["a cat", "rain"])
    rows = encoder.table.keep_only([i for ids in sequences for i in ids], trainable=True)
    encoder.vectors(sequences).square().sum().backward()
    assert rows.grad is not None
    assert bool(rows.grad.abs().sum(1).gt(0).all())


# Texts of no tokens


@pytest.mark.parametrize("kind", ["static", "decoder"])
def test_a_text_of_no_tokens_is_the_unknown_token(kind: str, tmp_path: Path) -> None:
    make = {"static": make_static, "decoder": _decoder_without_marks}[kind]
    encoder = load_tiny(make(tmp_path / "model"))
    assert encoder.tokenise(["", "a"])[0] == [encoder.tokenizer.unk_token_id]
    assert np.isfinite(encode(encoder, ["", "a"])).all()


def _decoder_without_marks(folder: Path) -> Path:
    make_tiny_decoder(folder)
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    content["post_processor"] = None
    write_json(folder / "tokenizer.json", content)
    return folder


# What identifies a folder


@pytest.mark.parametrize("file", ["2_Dense/model.safetensors", "2_Dense/config.json"])
def test_the_fingerprint_covers_the_modules(file: str, tmp_path: Path) -> None:
    settings = EncoderSettings(name=str(make_labse(tmp_path / "model")))
    before = fingerprint(settings)
    path = tmp_path / "model" / file
    path.write_bytes(path.read_bytes() + b" ")
    assert fingerprint(settings) != before


def test_the_fingerprint_of_an_adapter_covers_its_base(tmp_path: Path) -> None:
    settings = EncoderSettings(name=str(make_adapter(tmp_path / "model")))
    before, size = fingerprint(settings), weight_bytes(settings)
    base = tmp_path / "model-base" / "model.safetensors"
    assert size > base.stat().st_size
    base.write_bytes(base.read_bytes() + b" ")
    assert fingerprint(settings) != before


# Folders that cannot be used, in a sentence

_DAMAGED = {
    "tokenizer.json": ["{", '{"model": {}}', "[]", "\0"],
    "config.json": ["[]", "{", "\ud83d", '{"model_type": []}', '{"model_type": "bert", "pad": %s}'],
    "sentence_bert_config.json": ['{"max_seq_length": "x"}', '{"max_seq_length": [1]}', "[]"],
    "modules.json": ["{}", "[]", "[1]", '[{"type": 1}]'],
    "1_Pooling/config.json": ["[]", '{"pooling_mode": [[]]}', '{"pooling_mode": []}'],
    "2_Dense/config.json": ["[]", "{}", '{"in_features": 32, "out_features": 1e9}'],
    "2_Dense/model.safetensors": ["", "x" * 100],
}


@pytest.mark.parametrize(
    ("file", "content"), [(file, content) for file, all_ in _DAMAGED.items() for content in all_]
)
def test_a_damaged_file_is_an_error_that_names_the_folder(
    file: str, content: str, tmp_path: Path
) -> None:
    folder = make_labse(tmp_path / "model")
    damaged = content.replace("%s", "9" * 5000).encode("utf-8", "surrogatepass")
    (folder / file).write_bytes(damaged)
    assert str(folder) in refusal(folder)


def refusal(folder: Path) -> str:
    with pytest.raises(EncoderError) as caught:
        load_tiny(folder)
    return str(caught.value)


def test_tokens_without_a_row_are_refused(tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    size = len(tokenizer)
    tokenizer.add_tokens(["covid", "chat"])
    tokenizer.save_pretrained(folder)
    message = refusal(folder)
    assert f"the tokenizer has {size + 2} tokens, the token table {size} rows" in message
    assert "resize_token_embeddings" in message


def test_a_special_token_without_a_row_is_refused_where_it_occurs(tmp_path: Path) -> None:
    folder = make_tiny_encoder(tmp_path / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<new>"]})
    tokenizer.save_pretrained(folder)
    encoder = load_tiny(folder)
    assert encode(encoder, ["a cat"]).shape == (1, WIDTH)
    with pytest.raises(EncoderError, match="a text contains the special token"):
        encode(encoder, ["a <new> cat"])


def test_a_model_of_two_towers_is_refused(tmp_path: Path) -> None:
    message = refusal(make_two_towers(tmp_path / "clip"))
    assert "is not a text encoder: it is a clip model of several parts" in message
    assert "`tower`" in message


def _xmod(folder: Path, **settings: Any) -> Path:
    make_tiny_encoder(folder, "xlm-roberta")
    config = json.loads((folder / "config.json").read_text())
    sizes = {
        name: config[name]
        for name in ("vocab_size", "hidden_size", "intermediate_size", "max_position_embeddings")
    }
    made = transformers.XmodConfig(
        **sizes,
        num_hidden_layers=2,
        num_attention_heads=4,
        pad_token_id=1,
        type_vocab_size=1,
        languages=("en_XX", "de_DE"),
        **settings,
    )
    transformers.XmodModel(made, add_pooling_layer=False).save_pretrained(folder)
    return folder


def test_language_adapters_need_a_language(tmp_path: Path) -> None:
    message = refusal(_xmod(tmp_path / "none"))
    assert "has adapters for en_XX, de_DE" in message
    assert "default_language" in message
    assert_equal_vectors(_xmod(tmp_path / "german", default_language="de_DE"))


def test_a_pickle_in_a_module_is_refused(tmp_path: Path) -> None:
    folder = make_labse(tmp_path / "model")
    (folder / "2_Dense" / "model.safetensors").rename(folder / "2_Dense" / "pytorch_model.bin")
    assert r"2_Dense has its weights only as a pickle (pytorch_model.bin)" in refusal(folder)


def test_an_adapter_beside_a_configuration_is_an_adapter(tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "model")
    expected = encode(load_tiny(folder), TEXTS)
    shutil.copy(tmp_path / "model-base" / "config.json", folder / "config.json")
    np.testing.assert_array_equal(encode(load_tiny(folder), TEXTS), expected)
    base = load_tiny(tmp_path / "model-base")
    assert least_cosine(encode(base, TEXTS), expected) < 0.999


def test_an_adapter_beside_a_whole_model_is_refused(tmp_path: Path) -> None:
    """transformers would merge it again into weights into which it may have been merged."""
    adapter = make_adapter(tmp_path / "model")
    write_sentence_transformer(load_tiny(adapter), tmp_path / "merged")
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        shutil.copy(adapter / name, tmp_path / "merged" / name)
    message = refusal(tmp_path / "merged")
    assert "has a whole model (model.safetensors) and an adapter" in message
    assert "delete" in message


def test_an_adapter_whose_base_is_missing_is_refused(tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "model")
    change_json(folder / "adapter_config.json", base_model_name_or_path="someone/no-such-model")
    assert "'someone/no-such-model' is neither a folder here" in refusal(folder)
    change_json(folder / "adapter_config.json", base_model_name_or_path=str(folder))
    assert "an adapter of an adapter" in refusal(folder)
    change_json(folder / "adapter_config.json", base_model_name_or_path=None)
    assert "base_model_name_or_path None" in refusal(folder)


def test_an_adapter_that_cannot_be_merged_is_refused(tmp_path: Path) -> None:
    folder = make_adapter(tmp_path / "model")
    change_json(folder / "adapter_config.json", peft_type="PROMPT_TUNING", num_virtual_tokens=4)
    assert f"{folder} cannot be merged into its base model" in refusal(folder)


def test_an_adapter_of_a_model_with_a_head_is_refused(tmp_path: Path) -> None:
    """PEFT warns of weights that fit nowhere, and would merge nothing."""
    folder = make_adapter(tmp_path / "model")
    weights = load_file(folder / "adapter_model.safetensors")
    renamed = {
        name.replace("base_model.model.", "base_model.model.roberta.", 1): value
        for name, value in weights.items()
    }
    save_file(renamed, folder / "adapter_model.safetensors")
    message = refusal(folder)
    assert f"{len(weights)} weights of the adapter are missing" in message
    assert f"and {len(weights)} fit nowhere, such as base_model.model.roberta." in message


def test_positions_after_the_pad_id_are_counted(tmp_path: Path) -> None:
    """Longformer's table of positions begins with rows of no token, as RoBERTa's does."""
    folder = make_tiny_encoder(tmp_path / "model", "xlm-roberta")
    config = transformers.LongformerConfig(
        vocab_size=json.loads((folder / "config.json").read_text())["vocab_size"],
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        attention_window=[8, 8],
        max_position_embeddings=66,
        pad_token_id=1,
    )
    transformers.LongformerModel(config, add_pooling_layer=False).save_pretrained(folder)
    encoder = load_tiny(folder)
    assert encoder.reading.max_tokens == 64
    assert np.isfinite(encode(encoder, ["the " * 200])).all()


def test_model2vec_without_modules_is_static(tmp_path: Path) -> None:
    folder = make_model2vec(tmp_path / "model")
    expected = published_vectors(folder)
    (folder / "modules.json").unlink()
    assert least_cosine(encode(load_tiny(folder), TEXTS), expected) > 0.99999


def test_t5_without_a_limit_cuts_nothing(tmp_path: Path) -> None:
    folder = make_t5(tmp_path / "model")
    (folder / "sentence_bert_config.json").unlink()
    assert len(assert_equal_vectors(folder).tokenise(["the " * 700])[0]) > 700


def test_a_folder_is_read_by_newer_module_names(tmp_path: Path) -> None:
    folder = make_labse(tmp_path / "model")
    write_modules(folder, ("Transformer", "Pooling", "Dense", "Normalize"), package="models")
    expected = load_tiny(folder)
    write_modules(
        folder,
        ("Transformer", "Pooling", "Dense", "Normalize"),
        package="sentence_transformer.modules",
    )
    assert load_tiny(folder).reading == expected.reading


# Training


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("distiluse", "text-pairs"),
        ("distiluse", "masked-lm"),
        ("distiluse", "image-text"),
        ("static", "text-pairs"),
        ("t5", "text-pairs"),
        ("gemma", "text-pairs"),
        ("adapter", "text-pairs"),
    ],
)
def test_every_kind_is_trained_and_its_modules_stay(kind: str, form: str, tmp_path: Path) -> None:
    folder = KINDS[kind](tmp_path / "model")
    changed, _, _, encoder = train_tiny(form, folder, tmp_path / "checkpoint")
    before = load_tiny(folder)
    rows = before.table.whole[encoder.table.ids]
    assert not torch.equal(changed["token_table"], rows)
    for module, former in zip(encoder.modules, before.modules, strict=True):
        for name, value in former.tensors().items():
            assert torch.equal(module.tensors()[name], value)


def test_matching_refuses_vectors_that_are_no_states(tmp_path: Path) -> None:
    folder = make_distiluse(tmp_path / "model")
    with pytest.raises(EncoderError, match="vectors of 20, its states are 32 wide"):
        train_tiny("image-text-matching", folder, tmp_path / "checkpoint")


@pytest.mark.parametrize("family", ["nllb", "m2m100"])
def test_the_encoder_of_nllb_is_a_text_encoder(tmp_path: Path, family: str) -> None:
    """Against transformers, with the code of the tokenizer's own language before every text."""
    folder = FAMILIES[family](tmp_path / "model")
    encoder = load_encoder(EncoderSettings(name=str(folder), precision="float32"))
    whole = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    texts = ["mean a", "a", "one mean"]
    with torch.inference_mode():
        expected = [
            whole.get_encoder()(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0)
            for text in texts
        ]
    vectors = encode(encoder, texts)
    assert np.allclose(vectors, torch.stack(expected).numpy(), atol=1e-5)
    lower = load_encoder(EncoderSettings(name=str(folder), precision="bfloat16"))
    assert np.allclose(encode(lower, texts), vectors, atol=0.05 * np.abs(vectors).max())

    encoder.vectors(encoder.tokenise(texts)).sum().backward()
    assert all(p.grad is not None for p in encoder.layers()[0].parameters())
    with pytest.raises(EncoderError, match="only with its decoder"):
        write_sentence_transformer(encoder, tmp_path / "export")
