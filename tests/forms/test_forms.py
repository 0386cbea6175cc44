"""Forms of task: losses by hand, masking, shuffling, drawing, and a short overfit of each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_encoder import load_tiny, open_tiny_task, tiny_form, tiny_split, train_tiny

from crosslift.encoders.packing import pack
from crosslift.encoders.word_numbers import NumberedTokens
from crosslift.errors import DataError, TrainingError
from crosslift.forms.contrastive_losses import info_nce, unit
from crosslift.forms.form import (
    FormOptions,
    Split,
    column,
    epoch_rows,
    group_numbers,
    pictures_of,
)
from crosslift.forms.image_text import ImageText
from crosslift.forms.masked_lm import MaskedLM
from crosslift.forms.picture_side import wrong_partners
from crosslift.forms.text_pairs import TextPairs
from crosslift.sources.record import Record
from crosslift.sources.record_tables import read_records
from crosslift.training.budget import Budget

OPTIONS = FormOptions(text_locked=False, partners="own", seed=0)
NONE = Split([])


def softmax_loss(scores: list[list[float]], positives: list[int]) -> float:
    """Mean cross-entropy by plain loops; None of a row's scores is masked."""
    losses = [
        math.log(sum(math.exp(s) for s in row)) - row[i]
        for row, i in zip(scores, positives, strict=True)
    ]
    return sum(losses) / len(losses)


# Contrastive losses


QUERIES = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
CANDIDATES = torch.tensor([[0.8, 0.6], [0.0, 1.0], [1.0, 0.0]])
SAME = torch.eye(3, dtype=torch.bool)


def test_info_nce_by_hand() -> None:
    cosines = [[0.8, 0.0, 1.0], [0.6, 1.0, 0.0], [0.96, 0.8, 0.6]]
    expected = softmax_loss([[10 * c for c in row] for row in cosines], [0, 1, 2])
    assert info_nce(QUERIES, CANDIDATES, SAME, 10.0).item() == pytest.approx(expected, rel=1e-5)


def test_records_of_one_group_are_never_negatives() -> None:
    same = SAME.clone()
    same[0, 2] = same[2, 0] = True
    scores = [[8.0, 0.0], [6.0, 10.0, 0.0], [8.0, 6.0]]  # row 0 without column 2, row 2 without 0
    expected = softmax_loss(scores, [0, 1, 1])
    assert info_nce(QUERIES, CANDIDATES, same, 10.0).item() == pytest.approx(expected, rel=1e-5)


def test_hard_negatives_are_negatives_of_every_query() -> None:
    candidates = torch.cat([CANDIDATES, torch.tensor([[-1.0, 0.0]])])
    same = torch.cat([SAME, torch.zeros(3, 1, dtype=torch.bool)], dim=1)
    cosines = [[0.8, 0.0, 1.0, -1.0], [0.6, 1.0, 0.0, 0.0], [0.96, 0.8, 0.6, -0.6]]
    expected = softmax_loss([[10 * c for c in row] for row in cosines], [0, 1, 2])
    assert info_nce(QUERIES, candidates, same, 10.0).item() == pytest.approx(expected, rel=1e-5)


def test_text_pairs_loss_is_info_nce_of_the_encoders_vectors(bert_folder: Path) -> None:
    records = [
        Record(str(i), {"q": q, "p": p, "n": n}, group=g)
        for i, (q, p, n, g) in enumerate(
            [
                ("a cat", "cat", "car", "1"),
                ("dog", "a dog", "fog", "2"),
                ("the cat", "cats", "x", "1"),
            ]
        )
    ]
    encoder = load_tiny(bert_folder)
    form = TextPairs(anchor="q", positive="p", negative="n", temperature=0.1)
    assert form.columns == ("q", "p", "n")
    task = form.open(encoder, Split(records), NONE, OPTIONS)
    outcome = task.loss(np.array([2, 0, 1]), np.random.default_rng(0))
    sides = [
        unit(encoder.vectors(encoder.tokenise([r.texts[c] for r in (records[2], *records[:2])])))
        for c in "qpn"
    ]
    scores = (sides[0] @ torch.cat(sides[1:]).T * 10).tolist()
    candidates = [
        [s for c, s in enumerate(row) if (r, c) not in {(0, 1), (1, 0)}]
        for r, row in enumerate(scores)
    ]
    assert outcome.loss.item() == pytest.approx(softmax_loss(candidates, [0, 0, 2]), rel=1e-4)
    texts = [text for record in records for text in record.texts.values()]
    assert outcome.tokens == sum(map(len, encoder.tokenise(texts)))


def test_records_may_bring_no_negative_or_several(bert_folder: Path) -> None:
    records = [
        Record("1", {"q": "a cat", "p": "cat", "n": "car", "n_2": "cart", "n_3": "cast"}),
        Record("2", {"q": "dog", "p": "a dog"}),
        Record("3", {"q": "bird", "p": "a bird", "n": "board"}),
    ]
    encoder = load_tiny(bert_folder)
    form = TextPairs(anchor="q", positive="p", negative="n", temperature=0.1)
    task = form.open(encoder, Split(records), NONE, OPTIONS)
    for rows in ([0, 1, 2], [1, 0], [1]):
        batch = [records[row] for row in rows]
        negatives = [r.texts[n] for r in batch for n in ("n", "n_2", "n_3") if n in r.texts]
        queries, candidates = (
            unit(encoder.vectors(encoder.tokenise(texts)))
            for texts in (
                [r.texts["q"] for r in batch],
                [r.texts["p"] for r in batch] + negatives,
            )
        )
        scores = (queries @ candidates.T * 10).tolist()
        outcome = task.loss(np.array(rows), np.random.default_rng(0))
        positives = list(range(len(rows)))
        assert outcome.loss.item() == pytest.approx(
            softmax_loss(scores, positives), rel=1e-4, abs=1e-6
        )
    all_texts = [text for record in records for text in record.texts.values()]
    assert set(task.token_ids()) == {i for t in encoder.tokenise(all_texts) for i in t}


def test_image_text_loss_is_symmetric_and_masks_groups(bert_folder: Path) -> None:
    split = tiny_split("image-text")
    records = [
        Record(r.id, r.texts, group="same" if i < 2 else "") for i, r in enumerate(split.records)
    ]
    encoder = load_tiny(bert_folder)
    form = tiny_form("image-text")
    task = form.open(encoder, Split(records, split.pictures), NONE, OPTIONS)
    task.head.eval()
    rows = np.arange(4)
    vectors: list[torch.Tensor] = []
    hook = task.head.project.register_forward_hook(lambda _m, _i, out: vectors.append(out))
    loss = task.loss(rows, np.random.default_rng(0)).loss.item()
    hook.remove()
    texts = unit(encoder.vectors(encoder.tokenise([r.texts["text"] for r in records[:4]])))
    scores = unit(vectors[0]) @ texts.T * task.head.scale
    halves = []
    for side in (scores.tolist(), scores.T.tolist()):
        candidates = [
            [s for c, s in enumerate(row) if {r, c} != {0, 1}] for r, row in enumerate(side)
        ]
        halves.append(softmax_loss(candidates, [0, 0, 2, 3]))
    assert loss == pytest.approx(sum(halves) / 2, rel=1e-4)


def test_the_temperature_starts_as_configured_and_is_clamped() -> None:
    head = ImageText(tower="convolutional", first_temperature=0.05).head(8, seed=0)
    assert head.scale.item() == pytest.approx(20)
    with torch.no_grad():
        head.log_scale.fill_(9.0)
    assert head.scale.item() == pytest.approx(100)


def test_the_head_is_seeded_and_leaves_torchs_random_state_alone(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    heads = [open_tiny_task("image-text", encoder, seed=seed).head for seed in (1, 1, 2)]
    assert torch.equal(torch.rand(3), expected)
    weights = [head.tower.stem.weight for head in heads]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


# Shuffled pictures


def random_groups(seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    sizes = generator.integers(1, 6, 12)
    groups = np.repeat(np.arange(12), sizes)
    return generator.permutation(groups)


@pytest.mark.parametrize("seed", range(20))
def test_wrong_partners_are_a_permutation_out_of_every_group(seed: int) -> None:
    groups = random_groups(seed)
    partners = wrong_partners(groups, seed)
    assert sorted(partners) == list(range(len(groups)))
    assert (groups[partners] != groups).all()
    assert np.array_equal(partners, wrong_partners(groups, seed))


@pytest.mark.parametrize("groups", [[0, 0, 1, 1], [0, 1, 0, 2], [0, 1]])
def test_wrong_partners_when_half_are_of_one_group(groups: list[int]) -> None:
    partners = wrong_partners(np.array(groups), 3)
    assert all(groups[p] != groups[i] for i, p in enumerate(partners))


def test_wrong_partners_are_not_the_neighbours() -> None:
    """Neighbouring records are alike (cat, cat face); a control must not pair them."""
    count = 1000
    partners = wrong_partners(np.arange(count), 0)
    gaps = np.abs(partners - np.arange(count))
    assert (np.minimum(gaps, count - gaps) <= 2).mean() < 0.02
    assert 200 < np.median(gaps) < 400  # of two random places: 293
    followed = partners[1:] - partners[:-1]
    assert (np.abs(followed) <= 2).mean() < 0.02
    assert not np.array_equal(partners, wrong_partners(np.arange(count), 1))


def test_wrong_partners_where_there_are_none() -> None:
    with pytest.raises(DataError, match="3 of 5 are of one group"):
        wrong_partners(np.array([0, 0, 0, 1, 2]), 0)


def test_shuffled_pictures_are_the_same_pictures_elsewhere(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    plain = open_tiny_task("image-text", encoder)
    shuffled = open_tiny_task("image-text", encoder, partners="wrong")
    rows = np.arange(6)
    right, wrong = plain.pictures.picture_rows(rows), shuffled.pictures.picture_rows(rows)
    assert sorted(right) == sorted(wrong) == rows.tolist()
    assert (right != wrong).all()


# Masked LM


def own_words(ids: Sequence[int] | np.ndarray) -> NumberedTokens:
    """Tokens that are each a separate word."""
    return NumberedTokens(np.array(ids), np.arange(len(ids)))


def masked_task(folder: Path, share: float = 0.15) -> tuple:
    encoder = load_tiny(folder)
    task = MaskedLM(masked_share=share).open(encoder, tiny_split("masked-lm"), NONE, OPTIONS)
    encoder.table.keep_only(task.token_ids(), trainable=True)
    return encoder, task


def test_masking_shares(xlm_folder: Path) -> None:
    encoder, task = masked_task(xlm_folder)
    letters = np.array([i for i in sorted(task.token_ids()) if i > 3 and i != 266][:15])
    mask_id = encoder.tokenizer.mask_token_id
    text = np.concatenate([[0], np.tile(letters, 2000), [2]])
    masked, chosen = task._mask(own_words(text), np.random.default_rng(0))
    fates = {
        "mask": (masked == mask_id)[chosen == 1].mean(),
        "same": (masked == text)[chosen == 1].mean(),
    }
    assert chosen[1:-1].mean() == pytest.approx(0.15, abs=0.01)
    assert fates["mask"] == pytest.approx(0.8, abs=0.02)
    assert fates["same"] == pytest.approx(0.1, abs=0.02)
    assert (masked == text)[chosen == 0].all()
    assert set(masked) <= set(task.token_ids())
    assert not chosen[0]
    assert not chosen[-1]


def test_masking_chooses_at_least_one_and_never_a_special_token(xlm_folder: Path) -> None:
    _, task = masked_task(xlm_folder, share=1e-9)
    generator = np.random.default_rng(0)
    counts = Counter()
    for _ in range(200):
        _, chosen = task._mask(own_words([0, 70, 71, 72, 2]), generator)
        assert chosen.sum() == 1
        counts[int(chosen.argmax())] += 1
    assert set(counts) == {1, 2, 3}
    _, chosen = task._mask(own_words([0, 70, 3, 2]), generator)  # 3 is <unk>
    assert chosen.tolist() == [0, 1, 0, 0]


def test_masked_lm_scores_against_the_rows_that_occur(xlm_folder: Path) -> None:
    """The loss by hand: states of the masked text, compared with all occurring rows, tied."""
    encoder, task = masked_task(xlm_folder, share=0.4)
    with torch.no_grad():
        task.head.bias += torch.randn(len(task.head.bias), generator=torch.manual_seed(1))
    rows = np.array([3, 0, 5])
    outcome = task.loss(rows, np.random.default_rng(9))
    texts = encoder.tokenise([tiny_split("masked-lm").records[r].texts["text"] for r in rows])
    generator = np.random.default_rng(9)
    occurring = sorted(task.token_ids())
    losses = []
    for text in texts:
        masked, chosen = task._mask(own_words(text), generator)
        states = encoder.model(
            inputs_embeds=encoder.table.rows(torch.tensor(masked))[None],
            position_ids=torch.arange(len(text))[None] + 2,
            packed_batch=pack([masked]),
        ).last_hidden_state[0]
        for place in np.flatnonzero(chosen):
            scores = encoder.table.whole[occurring] @ task.head(states[place]) + task.head.bias
            losses.append((scores.logsumexp(0) - scores[occurring.index(text[place])]).item())
    assert outcome.loss.item() == pytest.approx(float(np.mean(losses)), rel=1e-4)
    assert outcome.tokens == sum(map(len, texts))


def test_masked_lm_draws_every_language_equally_often(bert_folder: Path) -> None:
    languages = ["de"] * 20 + ["fi"] * 3 + ["sw"]
    records = [Record(str(i), {"text": "a cat"}, language=code) for i, code in enumerate(languages)]
    task = MaskedLM().open(load_tiny(bert_folder), Split(records), NONE, OPTIONS)
    drawn = Counter(languages[row] for u in range(9) for row in task.draw(7 * u, 7, 0))
    assert drawn == {"de": 21, "fi": 21, "sw": 21}
    assert np.array_equal(task.draw(28, 7, 0), task.draw(28, 7, 0))
    assert not np.array_equal(task.draw(28, 7, 0), task.draw(28, 7, 1))
    assert len({int(row) for u in range(40) for row in task.draw(7 * u, 7, 0)}) == len(records)


def test_masked_lm_needs_a_mask_token_and_a_trainable_text_side(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    with pytest.raises(DataError, match="masked LM trains the text encoder"):
        open_tiny_task("masked-lm", encoder, locked=True)
    encoder.tokenizer.mask_token = None
    with pytest.raises(DataError, match="no mask token"):
        open_tiny_task("masked-lm", encoder)


# Drawing and columns


@pytest.mark.parametrize(("size", "count"), [(10, 3), (7, 7), (3, 10), (5, 1)])
def test_each_epoch_covers_all_records_once(size: int, count: int) -> None:
    updates = 6 * size
    drawn = np.concatenate([epoch_rows(size, u * count, count, seed=4) for u in range(updates)])
    epochs = drawn[: len(drawn) // size * size].reshape(-1, size)
    assert (np.sort(epochs, axis=1) == np.arange(size)).all()
    assert len({tuple(epoch) for epoch in epochs.tolist()}) > 1
    other = np.concatenate([epoch_rows(size, u * count, count, seed=5) for u in range(updates)])
    assert not np.array_equal(drawn, other)


def test_group_numbers_are_equal_within_a_group_alone() -> None:
    groups = ["a", "", "b", "a", ""]
    records = [Record(str(i), group=group) for i, group in enumerate(groups)]
    assert group_numbers(records).tolist() == [0, 1, 2, 0, 3]
    trap = [Record("a", group=""), Record("b", group="a")]
    assert group_numbers(trap).tolist() == [0, 1]


def test_columns_bind_by_name(tmp_path: Path, bert_folder: Path) -> None:
    rows = [("a cat", "cat"), ("dog", "a dog"), ("rain", "the rain")]
    (tmp_path / "one.tsv").write_text(
        "anchor\tpositive\n" + "".join(f"{a}\t{p}\n" for a, p in rows)
    )
    (tmp_path / "two.tsv").write_text(
        "positive\tanchor\n" + "".join(f"{p}\t{a}\n" for a, p in rows)
    )
    losses = []
    for name in ("one.tsv", "two.tsv"):
        records = read_records(tmp_path / name, {"anchor": "anchor", "positive": "positive"})
        task = TextPairs().open(load_tiny(bert_folder), Split(records), NONE, OPTIONS)
        losses.append(task.loss(np.arange(3), np.random.default_rng(0)).loss.item())
        assert column(records, "anchor") == [a for a, _ in rows]
    assert losses[0] == losses[1]


def test_a_missing_column_and_a_missing_picture_are_named(bert_folder: Path) -> None:
    records = [Record("1", {"anchor": "a", "positive": "b"}), Record("2", {"anchor": "a"})]
    with pytest.raises(DataError, match=r"record '2' has no text 'positive'"):
        TextPairs().open(load_tiny(bert_folder), Split(records), NONE, OPTIONS)
    with pytest.raises(DataError, match="record '1' has no picture"):
        list(pictures_of(records))
    with pytest.raises(DataError, match="have no pictures"):
        ImageText(tower="convolutional").open(
            load_tiny(bert_folder), Split(tiny_split("image-text").records), NONE, OPTIONS
        )


def test_a_token_that_was_not_announced_raises(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    task = open_tiny_task("text-pairs", encoder)
    encoder.table.keep_only(sorted(task.token_ids())[:-1], trainable=True)
    with pytest.raises(TrainingError, match="occur that were not among the kept rows"):
        task.loss(np.arange(6), np.random.default_rng(0))


def test_a_locked_text_side_gives_the_encoders_vectors_and_no_gradient(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    task = open_tiny_task("image-text", encoder, locked=True)
    free = open_tiny_task("image-text", encoder)
    rows = np.arange(6)
    for opened in (task, free):
        opened.head.eval()
    outcome = task.loss(rows, np.random.default_rng(0))
    expected = free.loss(rows, np.random.default_rng(0)).loss.item()
    assert outcome.loss.item() == pytest.approx(expected, rel=1e-5)
    assert outcome.tokens == 0
    outcome.loss.backward()
    assert all(p.grad is None for p in encoder.model.parameters())
    assert task.head.log_scale.grad is not None


# Overfit


@pytest.mark.parametrize(
    ("form", "kind", "share"),
    [
        ("text-pairs", "bert", 0.3),
        ("masked-lm", "xlm-roberta", 0.85),
        ("image-text", "bert", 0.3),
        ("image-text-matching", "bert", 0.3),
        ("image-masked-lm", "xlm-roberta", 0.85),
        ("caption-to-feature", "bert", 0.3),
    ],
)
def test_twenty_updates_overfit_a_handful_of_records(
    tiny_folders: dict[str, Path], tmp_path: Path, form: str, kind: str, share: float
) -> None:
    budget = Budget(updates=20, batch_size=6)
    _, progress, task, _ = train_tiny(
        form,
        tiny_folders[kind],
        tmp_path / "checkpoint.safetensors",
        budget=budget,
        learning_rate=3e-3,
        head_learning_rate=1e-2,
        schedule="constant",
        dropout=0.0,
    )
    losses = [value for _, _, metric, value in progress.curve if metric == "loss"]
    assert len(losses) == 20
    assert np.mean(losses[-3:]) < share * losses[0]
    dev = task.dev_scores()
    if form == "text-pairs":
        assert dev["dev_top1_accuracy"] == 1.0
    elif form in ("masked-lm", "image-masked-lm"):
        assert dev["dev_loss"] < losses[0]
    else:
        assert dev["dev_recall_at_10"] == 1.0  # among six pictures
