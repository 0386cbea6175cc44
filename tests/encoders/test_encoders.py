"""Encoders: loading, packing, pooling, encoding, applying changes, lending, export."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from sentence_transformers import SentenceTransformer
from tiny_encoder import KINDS, TEXTS, WIDTH, load_tiny, make_tiny_encoder

from crosslift.encoders import lend as lend_module
from crosslift.encoders.encode_texts import batches_by_length, encode, encode_into
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.export import write_sentence_transformer
from crosslift.encoders.lend import LentEncoder
from crosslift.encoders.load_encoder import Encoder, load_encoder
from crosslift.encoders.packing import pack
from crosslift.encoders.reading import Place
from crosslift.encoders.state import apply_changes, save_change
from crosslift.encoders.token_table import TokenTable
from crosslift.errors import ArtifactError, EncoderError, TrainingError

POOLINGS = ("mean", "first_token", "last_token", "mean_without_specials", "position_weighted")
PACKED = {"bert": 0, "distilbert": 0, "xlm-roberta": 2, "modernbert": None, "mpnet": None}


def plain_states(encoder: Encoder, folder: Path, texts: list[str], hidden_state: int) -> list:
    """States of each text by the transformers model itself, one padded batch with its mask."""
    model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    sequences = encoder.tokenise(texts)
    longest = max(map(len, sequences))
    pad = encoder.tokenizer.pad_token_id
    ids = torch.tensor([s + [pad] * (longest - len(s)) for s in sequences])
    mask = torch.tensor([[1] * len(s) + [0] * (longest - len(s)) for s in sequences])
    with torch.inference_mode():
        states = model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    chosen = states.hidden_states[hidden_state].numpy()
    return [chosen[i, : len(s)] for i, s in enumerate(sequences)]


def plain_vectors(states: list, pooling: str) -> np.ndarray:
    read = {
        "mean": lambda s: s.mean(0),
        "first_token": lambda s: s[0],
        "last_token": lambda s: s[-1],
        "mean_without_specials": lambda s: s[1:-1].mean(0) if len(s) > 2 else s.mean(0),
        "position_weighted": lambda s: np.average(s, axis=0, weights=np.arange(1, len(s) + 1)),
    }
    return np.stack([read[pooling](s) for s in states])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "texts",
    [list(TEXTS), ["x"], ["a cat", "a dog"], ["", "x", ""], ["the " * 60, "x"]],
    ids=["mixed", "one", "equal", "empty", "cut"],
)
def test_packed_states_are_the_padded_computations(
    tiny_folders: dict[str, Path], kind: str, texts: list[str]
) -> None:
    encoder = load_tiny(tiny_folders[kind])
    assert encoder.runner.position_offset == PACKED[kind]
    expected = plain_vectors(plain_states(encoder, tiny_folders[kind], texts, 2), "mean")
    np.testing.assert_allclose(encode(encoder, texts), expected, atol=1e-5)


def test_a_pooling_that_cannot_be_exported(xlm_folder: Path, tmp_path: Path) -> None:
    encoder = load_tiny(xlm_folder, pooling="mean_without_specials")
    with pytest.raises(EncoderError, match="'mean_without_specials' cannot be exported"):
        write_sentence_transformer(encoder, tmp_path / "out")


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "modernbert"])
def test_one_run_reads_every_place(tiny_folders: dict[str, Path], kind: str) -> None:
    encoder = load_tiny(tiny_folders[kind])
    places = [Place(state, pooling) for state in (0, 1, 2) for pooling in POOLINGS]
    texts = list(dict.fromkeys(LONG))
    stores = [np.empty((len(texts), encoder.width), np.float32) for _ in places]
    encode_into(stores, encoder, texts, places, tokens_per_batch=40)
    for place, vectors in zip(places, stores, strict=True):
        alone = load_tiny(tiny_folders[kind], **place._asdict())
        np.testing.assert_allclose(vectors, encode(alone, texts), atol=1e-5)


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "mpnet"])
@pytest.mark.parametrize("hidden_state", [0, 1, 2])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_every_pooling_of_every_hidden_state(
    tiny_folders: dict[str, Path], kind: str, hidden_state: int, pooling: str
) -> None:
    encoder = load_tiny(tiny_folders[kind], hidden_state=hidden_state, pooling=pooling)
    states = plain_states(encoder, tiny_folders[kind], list(TEXTS), hidden_state)
    np.testing.assert_allclose(encode(encoder, TEXTS), plain_vectors(states, pooling), atol=1e-5)


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "mpnet"])
def test_sequences_of_any_ids_are_whole_sequences(tiny_folders: dict[str, Path], kind: str) -> None:
    """Id 0 and the pad id inside a sequence are tokens like others: masks come from lengths."""
    encoder = load_tiny(tiny_folders[kind])
    other = 1 - encoder.tokenizer.pad_token_id
    assert {"bert": 1, "xlm-roberta": 0, "mpnet": 0}[kind] == other
    sequences = [[2, other, 9, other, 3], [7], [other], [9, 8, 7, other, 5, 6, 4]]
    model = transformers.AutoModel.from_pretrained(tiny_folders[kind], dtype=torch.float32).eval()
    with torch.inference_mode():
        vectors = encoder.vectors(sequences)
        for vector, sequence in zip(vectors, sequences, strict=True):
            rows = model.get_input_embeddings().weight[sequence][None]
            states = model(inputs_embeds=rows, attention_mask=torch.ones(1, len(sequence)))
            expected = states.last_hidden_state[0].mean(0)
            torch.testing.assert_close(vector, expected, atol=1e-5, rtol=0)


def test_a_first_token_of_id_0_is_pooled(xlm_folder: Path) -> None:
    """XLM-R's <s> is id 0 and its pad id 1: a mask by `id != 0` loses the first token."""
    encoder = load_tiny(xlm_folder)
    assert encoder.tokenizer.pad_token_id == 1
    assert encoder.tokenise(["a cat"])[0][0] == 0
    states = plain_states(encoder, xlm_folder, ["a cat"], 2)[0]
    vector = encode(encoder, ["a cat"])[0]
    np.testing.assert_allclose(vector, states.mean(0), atol=1e-5)
    assert np.abs(vector - states[1:].mean(0)).max() > 1e-2


def test_pack_lays_out_by_length_and_finds_back() -> None:
    batch = pack([[5, 6, 7], [8], [9, 10], [11]])
    assert batch.token_ids.tolist() == [8, 11, 9, 10, 5, 6, 7]
    assert batch.positions.tolist() == [0, 0, 0, 1, 0, 1, 2]
    assert [(b.start, b.count, b.length) for b in batch.blocks] == [(0, 2, 1), (2, 1, 2), (4, 1, 3)]
    assert batch.inverse.tolist() == [3, 0, 2, 1]


def test_encode_keeps_the_order_and_encodes_each_text_once(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    texts = [*TEXTS, "x", "rain", *reversed(TEXTS)]
    counts: list[int] = []
    vectors = encode(encoder, texts, tokens_per_batch=12, advance=counts.append)
    assert vectors.shape == (len(texts), WIDTH)
    assert vectors.dtype == np.float32
    assert sum(counts) == len(TEXTS)
    assert len(counts) > 1
    alone = {text: encode(encoder, [text])[0] for text in TEXTS}
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_allclose(vector, alone[text], atol=1e-5)
        assert vector.tobytes() == vectors[texts.index(text)].tobytes()


def test_encode_nothing(bert_folder: Path) -> None:
    assert encode(load_tiny(bert_folder), []).shape == (0, WIDTH)


def test_batches_have_at_most_this_many_tokens() -> None:
    sequences = [[0] * n for n in (5, 1, 9, 2, 2, 30)]
    batches = list(batches_by_length(sequences, 10))
    assert batches == [[1, 3, 4, 0], [2], [5]]


def test_vectors_that_are_not_finite_raise(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    with torch.no_grad():
        encoder.table.whole[encoder.tokenise(["x"])[0][1]] = float("nan")
    with pytest.raises(
        EncoderError, match=r"1 of a batch of 2 vectors are not finite; the first is of 'x'"
    ):
        encode(encoder, ["x", "a cat"])


def test_bfloat16_is_near_and_gives_float32(bert_folder: Path) -> None:
    exact = encode(load_tiny(bert_folder), TEXTS)
    encoder = load_tiny(bert_folder, precision="bfloat16")
    assert encoder.table.whole.dtype == torch.float32
    assert encoder.layers()[0].intermediate.dense.weight.dtype == torch.bfloat16
    rough = encode(encoder, TEXTS)
    assert rough.dtype == np.float32
    assert cosines(rough, exact).min() > 0.999


# Reading of a folder's own files


def test_sentence_transformers_files_are_read_and_settings_override(tmp_path: Path) -> None:
    use = {"pooling": "cls", "prompt": "ask: ", "max_tokens": 12}
    folder = make_tiny_encoder(tmp_path / "own", use=use)
    reading = load_tiny(folder).reading
    assert (reading.pooling, reading.prompt, reading.max_tokens) == ("first_token", "ask: ", 12)
    overridden = load_tiny(folder, pooling="mean", prompt="", max_tokens=20, hidden_state=1).reading
    assert (overridden.pooling, overridden.prompt, overridden.max_tokens) == ("mean", "", 20)
    assert overridden.hidden_state == 1


def test_without_such_files_mean_no_prompt_all_positions(tiny_folders: dict[str, Path]) -> None:
    for kind, folder in tiny_folders.items():
        reading = load_tiny(folder).reading
        assert (reading.pooling, reading.prompt, reading.hidden_state) == ("mean", "", 2), kind
        assert reading.max_tokens == 80, kind


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"hidden_state": 3}, ["hidden_state 3", "0 (embedding output) to 2"]),
        ({"max_tokens": 81}, ["max_tokens 81", "3 to 80"]),
    ],
)
def test_settings_that_do_not_fit_the_model(
    bert_folder: Path, settings: dict[str, int], words: list[str]
) -> None:
    with pytest.raises(EncoderError) as caught:
        load_tiny(bert_folder, **settings)
    assert all(word in str(caught.value) for word in words)


def test_pooling_that_is_not_supported_is_refused(tmp_path: Path) -> None:
    use = {"pooling": "mean", "prompt": "", "max_tokens": 12}
    folder = make_tiny_encoder(tmp_path / "median", use=use)
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": "median"}')
    with pytest.raises(EncoderError, match=r"1_Pooling/config\.json: pooling_mode 'median'"):
        load_tiny(folder)
    assert load_tiny(folder, pooling="mean").reading.pooling == "mean"


def test_a_module_that_is_not_supported_is_refused(tmp_path: Path) -> None:
    use = {"pooling": "mean", "prompt": "", "max_tokens": 12}
    folder = make_tiny_encoder(tmp_path / "cnn", use=use)
    modules = json.loads((folder / "modules.json").read_text())
    modules.append({"idx": 2, "path": "2_CNN", "type": "sentence_transformers.models.CNN"})
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(EncoderError, match="also uses a module CNN"):
        load_tiny(folder)
    assert load_tiny(folder, pooling="mean").reading.pooling == "mean"


# sentence-transformers as an independent implementation


def cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    sides = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (left, right)]
    return (sides[0] * sides[1]).sum(1)


LONG = [*TEXTS, "the " * 100, "singing " * 30]


@pytest.mark.parametrize("pooling", ["mean", "cls", "lasttoken"])
def test_sentence_transformers_gives_the_same_vectors(tmp_path: Path, pooling: str) -> None:
    use = {"pooling": pooling, "prompt": "ask: ", "max_tokens": 16}
    folder = make_tiny_encoder(tmp_path / "st", "xlm-roberta", use=use)
    expected = SentenceTransformer(str(folder), device="cpu").encode(LONG)
    encoder = load_tiny(folder)
    assert max(map(len, encoder.tokenise(LONG))) == 16
    assert cosines(encode(encoder, LONG), expected).min() > 0.99999


def test_a_folder_saved_by_sentence_transformers_is_read(tmp_path: Path) -> None:
    use = {"pooling": "cls", "prompt": "ask: ", "max_tokens": 16}
    first = make_tiny_encoder(tmp_path / "st", use=use)
    model = SentenceTransformer(str(first), device="cpu")
    model.save(str(tmp_path / "saved"))
    reading = load_tiny(tmp_path / "saved").reading
    assert (reading.pooling, reading.prompt, reading.max_tokens) == ("first_token", "ask: ", 16)
    encoder = load_tiny(tmp_path / "saved")
    assert cosines(encode(encoder, LONG), model.encode(LONG)).min() > 0.99999


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("bert", {}),
        ("bert", {"hidden_state": 1, "pooling": "first_token", "prompt": "find: "}),
        ("xlm-roberta", {"pooling": "last_token", "max_tokens": 16}),
        ("xlm-roberta", {"hidden_state": 1, "prompt": "query: "}),
        ("xlm-roberta", {"pooling": "position_weighted"}),
        ("distilbert", {"hidden_state": 1}),
        ("mpnet", {"hidden_state": 1, "prompt": "query: "}),
        ("modernbert", {"max_tokens": 40}),
    ],
)
def test_export_encodes_the_same_vectors(
    tiny_folders: dict[str, Path], tmp_path: Path, kind: str, settings: dict
) -> None:
    encoder = load_tiny(tiny_folders[kind], **settings)
    with torch.no_grad():
        encoder.table.whole[5:9] += 0.1  # as after training: unlike the folder's
        next(encoder.layers()[0].parameters()).mul_(1.1)
    expected = encode(encoder, LONG)
    place = tmp_path / "exported"
    place.mkdir()
    write_sentence_transformer(encoder, place)
    exported = SentenceTransformer(str(place), device="cpu").encode(LONG)
    np.testing.assert_allclose(np.linalg.norm(exported, axis=1), 1, atol=1e-5)
    assert cosines(exported, expected).min() > 0.99999
    again = load_encoder(EncoderSettings(name=str(place), precision="float32"))
    assert again.reading.hidden_state == again.model.config.num_hidden_layers
    assert again.reading.pooling == encoder.reading.pooling
    np.testing.assert_allclose(encode(again, LONG), expected, atol=1e-5)


def test_a_state_below_a_norm_after_the_layers_cannot_be_exported(
    tiny_folders: dict[str, Path], tmp_path: Path
) -> None:
    encoder = load_tiny(tiny_folders["modernbert"], hidden_state=1)
    with pytest.raises(EncoderError, match="hidden_state 1 of a model of type modernbert"):
        write_sentence_transformer(encoder, tmp_path / "exported")
    assert not (tmp_path / "exported").exists()


def test_export_writes_over_nothing(bert_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(EncoderError, match="is not empty"):
        write_sentence_transformer(load_tiny(bert_folder), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_export_in_bfloat16_writes_float32(bert_folder: Path, tmp_path: Path) -> None:
    encoder = load_tiny(bert_folder, precision="bfloat16")
    write_sentence_transformer(encoder, tmp_path / "exported")
    vectors = SentenceTransformer(str(tmp_path / "exported"), device="cpu").encode(LONG)
    assert cosines(vectors, encode(encoder, LONG)).min() > 0.999


# Folders and names that cannot be used


@pytest.fixture
def folder(tmp_path: Path, bert_folder: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(bert_folder, tmp_path / "encoder"))


def load_error(name: str | Path) -> str:
    with pytest.raises(EncoderError) as caught:
        load_encoder(EncoderSettings(name=str(name)))
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    ['{"model_type": "no-such-model"}', "{}", '{"model_type": "bert", "hidden_size": "wide"}'],
)
def test_config_that_cannot_be_read(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    assert f"{folder} cannot be loaded" in load_error(folder)


def test_no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    assert "tokenizer" in load_error(folder)


def test_a_tokenizer_without_pad_token_pads_with_the_end_of_a_text(folder: Path) -> None:
    """As decoders do; one that has no such token either is refused."""
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config.pop("pad_token")
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    assert "neither a pad token nor one for the end" in load_error(folder)
    config["eos_token"] = "[SEP]"
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    encoder = load_tiny(folder)
    assert encoder.tokenizer.pad_token_id == encoder.tokenizer.eos_token_id == 3


def test_encoder_decoder_is_refused(tmp_path: Path) -> None:
    config = transformers.BartConfig(
        d_model=16, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=16, decoder_ffn_dim=16
    )
    config.vocab_size, config.encoder_attention_heads, config.decoder_attention_heads = 20, 2, 2
    transformers.BartModel(config).save_pretrained(tmp_path / "bart")
    assert "is an encoder-decoder (bart)" in load_error(tmp_path / "bart")


def test_config_that_is_no_json(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    assert f"{folder}/config.json: not JSON" in load_error(folder)


# The token table


def table() -> TokenTable:
    return TokenTable(torch.nn.Parameter(torch.arange(12.0).reshape(6, 2)))


def test_token_table_keeps_only_some_rows() -> None:
    tokens = table()
    compact = tokens.keep_only([4, 1, 4], trainable=True)
    assert compact.tolist() == [[2.0, 3.0], [8.0, 9.0]]
    assert compact.requires_grad
    assert tokens.rows(torch.tensor([4, 1, 1])).tolist() == [[8, 9], [2, 3], [2, 3]]
    assert tokens.places(torch.tensor([4, 1])).tolist() == [1, 0]
    with pytest.raises(TrainingError, match=r"tokens \[3, 0\]"):
        tokens.rows(torch.tensor([1, 3, 0]))


def test_token_table_writes_back() -> None:
    tokens = table()
    compact = tokens.keep_only([1, 4], trainable=False)
    with torch.no_grad():
        compact += 100
    assert tokens.whole[1].tolist() == [2, 3]
    tokens.write_back()
    expected = [[0, 1], [102, 103], [4, 5], [6, 7], [108, 109], [10, 11]]
    assert tokens.whole.tolist() == expected
    assert tokens.rows(torch.tensor([3])).tolist() == [[6, 7]]
    assert tokens.places(torch.tensor([3])).tolist() == [3]


# Changes


def changed(folder: Path, path: Path, rows: tuple[int, ...] = ()) -> Encoder:
    """Saves a change of one bias, and of some token rows; returns the changed encoder."""
    encoder = load_tiny(folder)
    name = "encoder.layer.1.output.dense.bias"
    parameter = dict(encoder.model.named_parameters())[name]
    with torch.no_grad():
        parameter += 0.5
    if rows:
        compact = encoder.table.keep_only(rows, trainable=True)
        with torch.no_grad():
            compact += torch.arange(1.0, 1 + len(rows))[:, None]
    save_change({name: parameter}, encoder, path)
    encoder.table.write_back()
    return encoder


@pytest.mark.parametrize("rows", [(), (7, 30, 9)])
def test_a_change_is_applied_to_its_encoder(
    bert_folder: Path, tmp_path: Path, rows: tuple[int, ...]
) -> None:
    made = changed(bert_folder, tmp_path / "change.safetensors", rows)
    encoder = load_tiny(bert_folder)
    before = encoder.table.whole.detach().clone()
    ids, former = apply_changes(encoder, [tmp_path / "change.safetensors"])
    for left, right in zip(made.model.parameters(), encoder.model.parameters(), strict=True):
        assert torch.equal(left, right)
    assert encode(encoder, TEXTS).tobytes() == encode(made, TEXTS).tobytes()
    assert ids.tolist() == sorted(rows)
    assert torch.equal(former, before[sorted(rows)])


def test_a_change_of_another_model_is_refused(
    bert_folder: Path, xlm_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "change.safetensors"
    save_change({"encoder.layer.7.bias": torch.zeros(3)}, load_tiny(xlm_folder), path)
    with pytest.raises(ArtifactError, match=r"encoder\.layer\.7\.bias \(3,\)"):
        apply_changes(load_tiny(bert_folder), [path])


# Lending


def everything(encoder: Encoder) -> dict:
    state = {name: value.clone() for name, value in encoder.model.state_dict().items()}
    drops = [m.p for m in encoder.model.modules() if isinstance(m, torch.nn.Dropout)]
    grads = [p.requires_grad for p in encoder.model.parameters()]
    modes = [m.training for m in encoder.model.modules()]
    return {"state": state, "rest": (drops, grads, modes, encoder.table.ids)}


def same(left: dict, right: dict) -> bool:
    return left["rest"] == right["rest"] and all(
        torch.equal(value, right["state"][name]) for name, value in left["state"].items()
    )


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_what_a_borrower_does_is_undone(bert_folder: Path, tmp_path: Path, precision: str) -> None:
    changed(bert_folder, tmp_path / "one.safetensors", (7, 30))
    changed(bert_folder, tmp_path / "two.safetensors", (30, 31))
    changes = [tmp_path / "one.safetensors", tmp_path / "two.safetensors"]
    settings = EncoderSettings(name=str(bert_folder), precision=precision)
    lent = LentEncoder()
    encoder = lent.lend(settings)
    fresh = everything(encoder)
    vectors = encode(encoder, TEXTS)

    encoder = lent.lend(settings, changes)
    assert encode(encoder, TEXTS).tobytes() != vectors.tobytes()
    encoder.model.train()
    encoder.table.keep_only(range(20), trainable=True)
    for module in encoder.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.5
    with torch.no_grad():
        for parameter in encoder.model.parameters():
            parameter.requires_grad_(False)
            if parameter is not encoder.table.whole:
                parameter.add_(1)

    again = lent.lend(settings)
    assert again is encoder, "loaded once"
    assert same(everything(again), fresh)
    assert encode(again, TEXTS).tobytes() == vectors.tobytes()


def test_readers_of_one_state_read_its_changes_once(
    bert_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(bert_folder, tmp_path / "one.safetensors", (7, 30))
    changes = [tmp_path / "one.safetensors"]
    settings = EncoderSettings(name=str(bert_folder), precision="float32")
    lent = LentEncoder()
    vectors = encode(lent.lend(settings, changes, to_read=True), TEXTS)
    with monkeypatch.context() as patch:
        patch.delattr(lend_module, "apply_changes")
        again = lent.lend(settings, changes, to_read=True)
        assert encode(again, TEXTS).tobytes() == vectors.tobytes()
    trained = lent.lend(settings, changes)
    with torch.no_grad():
        for parameter in trained.model.parameters():
            if parameter is not trained.table.whole:
                parameter.mul_(2)
    assert encode(trained, TEXTS).tobytes() != vectors.tobytes()
    after = lent.lend(settings, changes, to_read=True)
    assert encode(after, TEXTS).tobytes() == vectors.tobytes(), "what was trained is undone"
    plain = encode(lent.lend(settings, to_read=True), TEXTS)
    assert plain.tobytes() != vectors.tobytes()


def test_other_settings_load_another_encoder(bert_folder: Path) -> None:
    lent = LentEncoder()
    first = lent.lend(EncoderSettings(name=str(bert_folder), precision="float32"))
    settings = EncoderSettings(name=str(bert_folder), precision="float32", pooling="last_token")
    second = lent.lend(settings)
    assert second is not first
    assert second.reading.pooling == "last_token"
