"""Text pairs at an early hidden state: triplets, hard negatives, adapters, decoders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tiny_encoder import KINDS, NAMES, TEXTS, load_tiny, make_tiny_decoder, make_tiny_encoder

from crosslift.encoders.adapters import query_and_value
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.load_encoder import Encoder, load_encoder
from crosslift.encoders.packing import pack
from crosslift.errors import DataError, TrainingError
from crosslift.forms.contrastive_losses import triplet, unit
from crosslift.forms.form import FormOptions, Split
from crosslift.forms.hard_negatives import HardNegatives
from crosslift.forms.text_pairs import TextPairs
from crosslift.sources.record import Record
from crosslift.training.budget import Budget
from crosslift.training.loop import Stage, train
from crosslift.training.mixing import MixedTask
from crosslift.training.stage_settings import StageSettings
from crosslift.training.task_settings import MixedTaskSettings

# The triplet loss


def test_triplets_take_the_hardest_wrong_candidate_of_the_batch() -> None:
    cosines = torch.tensor([[0.5, 0.7, 0.1], [0.9, 0.6, 0.2]])
    same = torch.tensor([[True, False, False], [False, True, False]])
    queries = torch.eye(3)[:2]
    candidates = torch.zeros(3, 3)
    candidates[:, :2] = cosines.T
    loss = triplet(queries, candidates, same, 0.2)
    assert float(loss) == pytest.approx(((0.2 - 0.5 + 0.7) + (0.2 - 0.6 + 0.9)) / 2)


def test_a_query_without_a_wrong_candidate_learns_nothing() -> None:
    queries = unit(torch.randn(2, 4, generator=torch.Generator().manual_seed(0)))
    queries.requires_grad_()
    loss = triplet(queries, queries.detach(), torch.ones(2, 2, dtype=torch.bool), 0.2)
    loss.backward()
    assert float(loss) == 0
    assert torch.equal(queries.grad, torch.zeros(2, 4))  # type: ignore[arg-type]


def test_a_pair_that_is_near_enough_learns_nothing() -> None:
    queries, candidates = torch.eye(2), torch.eye(2)
    assert float(triplet(queries, candidates, torch.eye(2, dtype=torch.bool), 0.9)) == 0


# Hard negatives


def _no_vectors(rows: Any) -> Any:
    raise AssertionError("no vectors are needed")


def test_neighbours_in_letters() -> None:
    """`house` shares " ho", "hou" with `hour` and more with `houses`; groups are left out."""
    texts = ["house", "houses", "hour", "lamp", "housing"]
    groups = np.array([0, 0, 1, 2, 3])
    found = HardNegatives("string", texts, groups, _no_vectors)
    generator = np.random.default_rng(0)
    drawn = {int(found.draw(np.array([0]), generator)[0]) for _ in range(200)}
    assert drawn == {2, 3, 4}  # all others of other groups: there are fewer than ten
    assert found._nearest[0, :2].tolist() == [4, 2]
    assert found._count.tolist() == [3, 3, 4, 4, 4]


def test_neighbours_in_vectors() -> None:
    vectors = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.8, 0.3]], np.float32)
    found = HardNegatives("embedding", list("abcd"), np.arange(4), lambda rows: vectors[rows])
    assert found._nearest[0, :3].tolist() == [1, 3, 2]
    assert found._nearest[2, :3].tolist() == [3, 1, 0]


def test_neighbours_are_the_nearest_by_brute_force() -> None:
    """Of more texts than one block holds, each the ten with the largest share of common pieces."""
    generator = np.random.default_rng(1)
    letters = np.array(list("abcdef"))
    texts = ["".join(generator.choice(letters, 5)) for _ in range(1100)]
    groups = generator.integers(0, 900, len(texts))
    found = HardNegatives("string", texts, groups, _no_vectors)

    def pieces(text: str) -> set[str]:
        return {f" {text} "[i : i + 3] for i in range(len(text))}

    for row in (0, 3, 1050):
        own = pieces(texts[row])
        shares = np.array([len(own & pieces(t)) / len(own | pieces(t)) for t in texts])
        shares[(groups == groups[row]) | (np.array(texts) == texts[row])] = -1
        best = np.sort(shares)[::-1][:10]
        assert shares[found._nearest[row]] == pytest.approx(best, abs=1e-6)


def test_an_equal_text_is_no_negative() -> None:
    """A positive that appears twice, in groups of its own each, is right for both."""
    texts, groups = ["house", "House", "hour"], np.arange(3)
    found = HardNegatives("string", texts, groups, _no_vectors)
    assert found._nearest[:2, 0].tolist() == [2, 2]
    assert found._count.tolist() == [1, 1, 2]
    with pytest.raises(DataError, match="'house' has no hard negative"):
        HardNegatives("string", texts[:2], groups[:2], _no_vectors)


def test_pairs_of_one_group_have_no_negative() -> None:
    with pytest.raises(DataError, match="one group"):
        HardNegatives("string", ["a", "b"], np.zeros(2, np.int64), _no_vectors)


# Training at a hidden state

SETTINGS: list[dict[str, Any]] = [
    {"loss": "triplet"},
    {"loss": "triplet", "hard_negatives": "string"},
    {"hard_negatives": "embedding"},
    {"hidden_state": 1, "loss": "triplet", "hard_negatives": "embedding"},
]


def _pairs() -> Split:
    records = []
    for i, name in enumerate((*NAMES, *TEXTS)):
        records.append(Record(str(i), {"anchor": name, "positive": name[::-1]}, group=str(i)))
    return Split(records)


def _train(
    encoder: Encoder, checkpoint: Path, form: TextPairs, updates: int = 20, **settings: Any
) -> tuple[dict[str, torch.Tensor], list[float]]:
    task = form.open(encoder, _pairs(), Split([]), FormOptions(False, "own", 0))
    stage = StageSettings(task="text-pairs", dev_evaluations=0, learning_rate=3e-3, **settings)
    budget = Budget(updates=updates, batch_size=6)
    member = MixedTask("pairs", MixedTaskSettings(task="text-pairs"), task, 0)
    changed, progress = train(
        Stage(stage, budget, 0, checkpoint, lambda share: None), [member], encoder
    )
    return changed, [value for _, _, metric, value in progress.curve if metric == "loss"]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_loss_falls(
    tiny_folders: dict[str, Path], tmp_path: Path, settings: dict[str, Any]
) -> None:
    encoder = load_tiny(tiny_folders["bert"])
    _, losses = _train(encoder, tmp_path / "c", TextPairs(**settings), dropout=0.0)
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_layers_above_the_hidden_state_stay(tiny_folders: dict[str, Path], tmp_path: Path) -> None:
    encoder = load_tiny(tiny_folders["bert"])
    start = {n: p.detach().clone() for n, p in encoder.model.named_parameters()}
    changed, _ = _train(encoder, tmp_path / "c", TextPairs(hidden_state=1), 3, weight_decay=0.0)
    moved = {name for name, value in changed.items() if not torch.equal(value, start[name])}
    assert any(".layer.0." in name for name in moved)
    assert not any(".layer.1." in name for name in moved)


def test_a_hidden_state_that_the_encoder_lacks(tiny_folders: dict[str, Path]) -> None:
    encoder = load_tiny(tiny_folders["bert"])
    options = FormOptions(False, "own", 0)
    with pytest.raises(DataError, match="hidden_state 3 of text pairs") as error:
        TextPairs(hidden_state=3).open(encoder, _pairs(), Split([]), options)
    assert "0 (embedding output) to 2" in str(error.value)


def test_adapters_below_nothing_have_nothing_to_learn(
    tiny_folders: dict[str, Path], tmp_path: Path
) -> None:
    """Of the embedding output, no projection of queries can change anything."""
    encoder = load_tiny(tiny_folders["bert"])
    with pytest.raises(TrainingError, match="nothing that is trained changes the loss"):
        _train(encoder, tmp_path / "c", TextPairs(hidden_state=0), lora={})


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "distilbert", "modernbert", "mpnet"])
def test_adapters_find_queries_and_values(tiny_folders: dict[str, Path], kind: str) -> None:
    encoder = load_tiny(tiny_folders[kind])
    names = query_and_value(encoder)
    layers = [n for n, m in encoder.model.named_modules() if isinstance(m, torch.nn.Linear)]
    for name in names:
        found = [layer for layer in layers if layer.endswith(f".{name}")]
        assert len(found) == len(encoder.layers())


def test_projections_by_unknown_names(tiny_folders: dict[str, Path]) -> None:
    encoder = load_tiny(tiny_folders["bert"])
    for layer in encoder.layers():
        attention = layer.attention.self  # type: ignore[union-attr]
        attention.ask, attention.query = attention.query, torch.nn.Identity()
    with pytest.raises(TrainingError, match="not known by their names") as error:
        query_and_value(encoder)
    assert "ask" in str(error.value)


# Running up to a hidden state


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_an_early_state_is_the_same_without_the_layers_above(
    tiny_folders: dict[str, Path], kind: str, precision: str
) -> None:
    encoder = load_tiny(tiny_folders[kind], precision=precision)
    assert encoder.runner.stops_early
    batch = pack(encoder.tokenise(TEXTS))
    ran: list[int] = []
    for number, layer in enumerate(encoder.layers()):
        layer.register_forward_hook(lambda *_, n=number: ran.append(n))
    with torch.inference_mode():
        for state in (0, 1):
            ran.clear()
            early = encoder.states(batch, state)
            assert ran == list(range(state))
            encoder.runner._stops_early = False
            whole = encoder.states(batch, state)
            encoder.runner._stops_early = True
            assert torch.equal(early, whole)


def test_operations_are_those_of_the_layers_below(
    tiny_folders: dict[str, Path], tmp_path: Path
) -> None:
    """Whether an encoder stops early is found out before operations are counted."""
    counted = []
    for run in range(2):
        encoder = load_tiny(tiny_folders["bert"])
        encoder.runner._stops_early = True if run else None
        form = TextPairs(hidden_state=1)
        task = form.open(encoder, _pairs(), Split([]), FormOptions(False, "own", 0))
        stage = StageSettings(task="text-pairs", dev_evaluations=0)
        member = MixedTask("pairs", MixedTaskSettings(task="text-pairs"), task, 0)
        place = tmp_path / f"{run}"
        work = Stage(stage, Budget(updates=1, batch_size=4), 0, place, lambda share: None)
        counted.append(train(work, [member], encoder)[1].flops)
    assert counted[0] == counted[1] > 0


def test_layers_that_share_weights_are_run_whole(tmp_path: Path) -> None:
    """An ALBERT has no list of its layers; an early state is read from a whole run."""
    tokenizer = make_tiny_encoder(tmp_path / "bert", "bert")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((tokenizer / name).read_bytes())
    sizes = {"hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 64}
    config = transformers.AlbertConfig(
        vocab_size=100, embedding_size=32, num_hidden_layers=3, max_position_embeddings=80, **sizes
    )
    transformers.AlbertModel(config).save_pretrained(tmp_path)
    encoder = load_tiny(tmp_path)
    assert not encoder.runner.stops_early
    batch = pack(encoder.tokenise(TEXTS))
    with torch.inference_mode():
        early, last = encoder.states(batch, 1), encoder.states(batch)
    assert early.shape == last.shape
    assert not torch.allclose(early, last)


# Decoders


@pytest.fixture(scope="module")
def decoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_decoder(tmp_path_factory.mktemp("decoder"))


def test_a_decoder_reads_each_text_as_if_it_were_alone(decoder_folder: Path) -> None:
    model = transformers.LlamaModel.from_pretrained(decoder_folder).eval()
    for pooling in ("mean", "last_token"):
        settings = EncoderSettings(
            name=str(decoder_folder), precision="float32", pooling=pooling, hidden_state=2
        )
        encoder = load_encoder(settings)
        sequences = encoder.tokenise(TEXTS)
        with torch.inference_mode():
            found = encoder.vectors(sequences)
            states = [
                model(torch.tensor([ids]), output_hidden_states=True).hidden_states[2][0]
                for ids in sequences
            ]
        wanted = [s.mean(0) if pooling == "mean" else s[-1] for s in states]
        torch.testing.assert_close(found, torch.stack(wanted), atol=1e-5, rtol=0)


def test_a_decoder_is_trained_by_adapters_at_an_early_state(
    decoder_folder: Path, tmp_path: Path
) -> None:
    encoder = load_encoder(EncoderSettings(name=str(decoder_folder), precision="float32"))
    assert query_and_value(encoder) == ("q_proj", "v_proj")
    form = TextPairs(hidden_state=1, loss="triplet", hard_negatives="string")
    changed, losses = _train(encoder, tmp_path / "c", form, 40, lora={"rank": 4, "dropout": 0.0})
    names = {name.split(".", 2)[2] for name in changed if name.startswith("layers.0.")}
    assert {"self_attn.q_proj.weight", "self_attn.v_proj.weight"} <= names
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


def test_texts_pairs_as_they_were(tiny_folders: dict[str, Path], tmp_path: Path) -> None:
    """Options that say what is so by default change nothing."""
    encoder = load_tiny(tiny_folders["bert"])
    plain, _ = _train(encoder, tmp_path / "a", TextPairs(), 3)
    again = load_tiny(tiny_folders["bert"])
    form = TextPairs(hidden_state=2, loss="softmax", hard_negatives="none")
    found, _ = _train(again, tmp_path / "b", form, 3)
    assert all(torch.equal(found[name], value) for name, value in plain.items())
