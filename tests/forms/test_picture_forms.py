"""The forms with pictures: what each loss is, which captions are drawn, and what is no negative."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_encoder import (
    NAMES,
    load_tiny,
    make_tiny_encoder,
    open_tiny_task,
    tiny_form,
    tiny_split,
)

from crosslift.encoders.encode_texts import encode
from crosslift.encoders.packing import pack
from crosslift.errors import DataError
from crosslift.forms.caption_to_feature import CaptionToFeature
from crosslift.forms.contrastive_losses import info_nce, pairwise_sigmoid, unit
from crosslift.forms.cross_attention import CrossAttention, padded
from crosslift.forms.form import FormOptions, Split, rows_by_group
from crosslift.forms.image_text import ImageText
from crosslift.forms.image_text_matching import ImageTextMatching
from crosslift.forms.image_text_matching_head import hard_negatives
from crosslift.forms.text_pairs import TextPairs
from crosslift.sources.record import Record

OPTIONS = FormOptions(text_locked=False, partners="own", seed=0)
NONE = Split([])


def captions(counts: tuple[int, ...] = (2, 1, 3)) -> Split:
    """Number of captions of each picture."""
    pictures = tiny_split("image-text").pictures
    assert pictures is not None
    records = [
        Record(f"{p}#{n}", {"text": f"{NAMES[p]} {n}"}, group=str(p))
        for p, count in enumerate(counts)
        for n in range(count)
    ]
    places = np.repeat(np.arange(len(counts)), counts)
    return Split(records, pictures[: len(counts)], places)


# Several captions of a picture


def test_an_epoch_has_one_row_of_each_group_and_all_rows_come_in_time() -> None:
    groups = np.array([0, 1, 0, 2, 2, 2])
    rows = rows_by_group(groups, 0, 60, seed=3)
    for epoch in rows.reshape(20, 3):
        assert sorted(groups[epoch]) == [0, 1, 2]
    assert set(rows.tolist()) == set(range(6))
    counts = Counter(rows.tolist())
    assert counts[1] == 20
    assert min(counts[3], counts[4], counts[5]) >= 2


def test_rows_by_group_do_not_depend_on_where_a_run_was_cut() -> None:
    groups = np.array([0, 0, 1, 2, 2, 3, 3, 3])
    whole = rows_by_group(groups, 0, 23, seed=1)
    parts = [rows_by_group(groups, start, count, 1) for start, count in ((0, 5), (5, 9), (14, 9))]
    assert np.array_equal(np.concatenate(parts), whole)
    assert not np.array_equal(whole, rows_by_group(groups, 0, 23, seed=2))


def test_a_picture_comes_once_an_epoch_with_one_of_its_captions(bert_folder: Path) -> None:
    task = tiny_form("image-text").open(load_tiny(bert_folder), captions(), NONE, OPTIONS)
    assert task.size == 3
    drawn = task.draw(0, 3, seed=0)
    assert sorted(task.pictures.places[drawn]) == [0, 1, 2]


def test_captions_of_one_picture_are_no_negatives(bert_folder: Path) -> None:
    task = tiny_form("image-text").open(load_tiny(bert_folder), captions(), NONE, OPTIONS)
    same = task.pictures.alike(np.array([0, 1, 2, 4])).tolist()
    assert same == [
        [True, True, False, False],
        [True, True, False, False],
        [False, False, True, False],
        [False, False, False, True],
    ]


def test_one_picture_under_two_groups_is_no_negative_either(bert_folder: Path) -> None:
    split = captions((1, 1, 1))
    shared = Split(split.records, split.pictures[:2], np.array([0, 0, 1]))  # type: ignore[index]
    task = tiny_form("image-text").open(load_tiny(bert_folder), shared, NONE, OPTIONS)
    assert task.pictures.alike(np.array([0, 1])).all()
    assert not task.pictures.alike(np.array([0, 2])).all()


def test_all_captions_of_a_picture_go_to_the_same_wrong_picture(bert_folder: Path) -> None:
    options = FormOptions(text_locked=False, partners="wrong", seed=4)
    task = tiny_form("image-text").open(load_tiny(bert_folder), captions(), NONE, options)
    pictures = task.pictures.picture_rows(np.arange(6))
    assert pictures[0] == pictures[1] != 0
    assert pictures[3] == pictures[4] == pictures[5] != 2
    assert pictures[2] != 1


def test_text_pairs_draw_one_pair_of_a_group(bert_folder: Path) -> None:
    records = [
        Record(str(i), {"anchor": f"a {i}", "positive": f"b {i}"}, group=group)
        for i, group in enumerate(("x", "x", "y"))
    ]
    task = TextPairs(one_of_a_group=True).open(
        load_tiny(bert_folder), Split(records), NONE, OPTIONS
    )
    assert task.size == 2
    for start in range(0, 20, 2):
        drawn = task.draw(start, 2, seed=0)
        assert 2 in drawn
        assert len(drawn) == 2


# Sigmoid


def test_the_sigmoid_loss_by_hand() -> None:
    queries = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    candidates = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    same = torch.eye(2, dtype=torch.bool)
    scale, bias = torch.tensor(2.0), torch.tensor(-1.0)
    scores = [[1.0, 0.0], [0.6, 0.8]]
    expected = 0.0
    for i in range(2):
        for j in range(2):
            z = (2 * scores[i][j] - 1) * (1 if i == j else -1)
            expected += math.log(1 + math.exp(-z))
    loss = pairwise_sigmoid(queries, candidates, same, scale, bias)
    assert loss.item() == pytest.approx(expected / 2)
    alike = torch.ones(2, 2, dtype=torch.bool)
    own_pairs = sum(math.log(1 + math.exp(-(2 * scores[i][i] - 1))) for i in range(2))
    assert pairwise_sigmoid(queries, candidates, alike, scale, bias).item() == pytest.approx(
        own_pairs / 2
    )


def test_siglip_starts_with_its_own_temperature_and_bias(bert_folder: Path) -> None:
    head = ImageText(tower="convolutional", loss="sigmoid", picture_size=24).head(8, seed=0)
    assert head.scale.item() == pytest.approx(10)
    assert head.bias.item() == -10
    task = tiny_form("image-text", loss="sigmoid").open(
        load_tiny(bert_folder), tiny_split("image-text"), NONE, OPTIONS
    )
    outcome = task.loss(np.arange(6), np.random.default_rng(0))
    outcome.loss.backward()
    assert task.head.bias.grad is not None
    assert 0 < outcome.loss.item() < 25


# Matching


def test_hard_negatives_are_wrong_and_mostly_the_closest() -> None:
    scores = torch.tensor([[9.0, 5.0, 0.0], [9.0, 1.0, 0.0], [0.0, 5.0, 9.0]])
    same = torch.eye(3, dtype=torch.bool)
    torch.manual_seed(0)
    drawn = [hard_negatives(scores, same)[0].tolist() for _ in range(100)]
    for row in range(3):
        assert all(picked[row] != row for picked in drawn)
    assert sum(picked[0] == 1 for picked in drawn) > 90
    assert sum(picked[1] == 0 for picked in drawn) > 90


def test_a_query_without_a_wrong_candidate_has_no_hard_negative() -> None:
    same = torch.tensor([[True, True], [True, True]])
    candidates, queries = hard_negatives(torch.zeros(2, 2), same)
    assert len(candidates) == len(queries) == 0
    same = torch.tensor([[True, True, True], [True, True, False], [True, False, True]])
    candidates, queries = hard_negatives(torch.zeros(3, 3), same)
    assert queries.tolist() == [1, 2]
    assert candidates.tolist() == [2, 1]


def test_matching_adds_to_the_contrastive_loss(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    form = tiny_form("image-text-matching", matching_weight=3.0)
    task = form.open(encoder, tiny_split("image-text"), NONE, OPTIONS)
    task.head.eval()
    rows = np.arange(6)
    torch.manual_seed(1)
    whole = task.loss(rows, np.random.default_rng(0)).loss
    features = task.pictures.features(task.head, rows, np.random.default_rng(0))
    images = unit(task.head.picture_vectors(features))
    texts = unit(
        encoder.vectors(encoder.tokenise([r.texts["text"] for r in tiny_split("x").records]))
    )
    same, scale = task.pictures.alike(rows), task.head.scale
    contrast = info_nce(images, texts, same, scale) + info_nce(texts, images, same, scale)
    matching = (whole - contrast / 2) / 3.0
    assert (
        0.3 < matching.item() < 1.5
    )  # two thirds of the pairs are wrong, and nothing is learned yet
    whole.backward()
    assert task.head.output.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("form", ["image-text", "image-text-matching"])
def test_a_guide_masks_captions_that_say_the_same(
    bert_folder: Path, tmp_path: Path, form: str
) -> None:
    guide = make_tiny_encoder(tmp_path / "guide", seed=9)
    split = captions((1, 1, 1, 1))
    units = unit(
        torch.from_numpy(encode(load_tiny(guide), [r.texts["text"] for r in split.records]))
    )
    cosines = units @ units.T
    margin = 1 - cosines[0, 1].item() + 1e-3  # the captions 0 and 1 are just near enough
    guided = tiny_form(form, guide=str(guide), guide_margin=margin)
    task = guided.open(load_tiny(bert_folder), split, NONE, OPTIONS)
    rows = np.array([2, 0, 1])
    expected = (cosines > 1 - margin)[rows][:, rows] | torch.eye(3, dtype=torch.bool)
    assert expected[1, 2]
    assert torch.equal(task._alike(rows), expected)


def test_the_loss_with_a_guide_is_that_with_the_mask(bert_folder: Path, tmp_path: Path) -> None:
    guide = make_tiny_encoder(tmp_path / "guide", seed=9)
    form = tiny_form("image-text", guide=str(guide), guide_margin=0.5)
    task = form.open(load_tiny(bert_folder), captions((1, 1, 1, 1)), NONE, OPTIONS)
    rows = np.arange(4)
    loss = task.loss(rows, np.random.default_rng(0)).loss.item()
    with torch.no_grad():
        texts = unit(task._texts(rows)[0])
        shown = task.pictures.features(task.head, rows, np.random.default_rng(0))
        images = unit(task.head.picture_vectors(shown))
        same = task._alike(rows)
        both = [
            info_nce(*sides, same, task.head.scale) for sides in ((images, texts), (texts, images))
        ]
    assert same.sum() > 4
    assert loss == pytest.approx(sum(both).item() / 2, abs=1e-4)


def test_a_guide_margin_needs_a_guide(bert_folder: Path) -> None:
    form = tiny_form("image-text", guide_margin=0.1)
    with pytest.raises(DataError, match=r"guide_margin 0\.1 of image-text without a guide"):
        form.open(load_tiny(bert_folder), captions(), NONE, OPTIONS)


def test_matching_trains_its_contrastive_half_at_several_dimensions(bert_folder: Path) -> None:
    """Each dimension's loss is that of cut vectors; the matching half does not change."""
    encoder = load_tiny(bert_folder)
    losses = {}
    for dimensions in (None, (32,), (32, 8)):
        task = tiny_form("image-text-matching", matryoshka=dimensions).open(
            encoder, tiny_split("image-text"), NONE, OPTIONS
        )
        task.head.eval()
        torch.manual_seed(0)
        losses[dimensions] = task.loss(np.arange(6), np.random.default_rng(0)).loss.item()
    features = task.pictures.features(task.head, np.arange(6), np.random.default_rng(0))
    texts = encoder.vectors(
        encoder.tokenise([r.texts["text"] for r in tiny_split("image-text").records])
    )
    images, texts = (unit(each[:, :8]) for each in (task.head.picture_vectors(features), texts))
    same, scale = task.pictures.alike(np.arange(6)), task.head.scale
    short = info_nce(images, texts, same, scale) + info_nce(texts, images, same, scale)
    assert losses[(32,)] == pytest.approx(losses[None], abs=1e-5)
    assert losses[(32, 8)] - losses[(32,)] == pytest.approx(short.item() / 2, abs=1e-4)


def test_matching_refuses_the_sigmoid(bert_folder: Path) -> None:
    with pytest.raises(DataError, match="sigmoid"):
        ImageTextMatching(tower="convolutional", loss="sigmoid", picture_size=24).open(
            load_tiny(bert_folder), tiny_split("image-text"), NONE, OPTIONS
        )


# Cross-attention


def test_padded_places_are_the_callers_order() -> None:
    sequences = [[7, 8, 9], [1], [4, 5, 6], [2, 3]]
    batch = pack(sequences)
    places, is_token = padded(batch)
    assert places.shape == is_token.shape == (4, 3)
    for sequence, row, mask in zip(sequences, places, is_token, strict=True):
        assert batch.token_ids[row[mask]].tolist() == sequence
        assert batch.token_ids[row].tolist()[len(sequence) :] == sequence[-1:] * (3 - len(sequence))


def test_cross_attention_starts_as_the_text_alone_and_then_depends_on_the_picture() -> None:
    torch.manual_seed(0)
    layer = CrossAttention(32)
    texts, pictures = torch.randn(2, 5, 32), torch.randn(2, 4, 32)
    assert torch.equal(layer(texts, pictures), texts)
    with torch.no_grad():
        layer.gate.fill_(1.0)
    assert not torch.allclose(layer(texts, pictures), layer(texts, pictures.flip(0)))


# Masked LM with pictures


def test_masked_captions_start_with_the_loss_of_the_text_alone(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    with_pictures = open_tiny_task("image-masked-lm", encoder)
    alone = open_tiny_task("masked-lm", encoder)
    rows = np.array([3, 0, 5])
    losses = [t.loss(rows, np.random.default_rng(0)).loss.item() for t in (with_pictures, alone)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert with_pictures.dev_scores()["dev_loss"] == pytest.approx(
        alone.dev_scores()["dev_loss"], rel=1e-5
    )


def test_masked_captions_attend_to_their_picture(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    right, wrong = (
        open_tiny_task("image-masked-lm", encoder, partners=partners)
        for partners in ("own", "wrong")
    )
    losses = []
    for task in (right, wrong):
        task.head.eval()
        with torch.no_grad():
            task.head.look.gate.fill_(1.0)
        losses.append(task.loss(np.arange(6), np.random.default_rng(0)).loss)
    assert losses[0].item() != pytest.approx(losses[1].item(), rel=1e-6)
    losses[0].backward()
    assert right.head.side.project.weight.grad.abs().sum() > 0
    assert right.head.side.tower.stem.weight.grad.abs().sum() > 0


# Features of frozen towers


def frozen_split(width: int = 12) -> Split:
    features = np.random.default_rng(0).standard_normal((6, width), np.float32)
    return Split(tiny_split("image-text").records, features=features)


def test_a_frozen_tower_trains_its_map_alone(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    form = ImageText(tower_side="frozen")
    task = form.open(encoder, frozen_split(), frozen_split(), OPTIONS)
    assert task.head.tower is None
    assert task.head.project.weight.shape == (encoder.width, 12)
    task.loss(np.arange(6), np.random.default_rng(0)).loss.backward()
    assert task.head.project.weight.grad is not None
    assert 0 <= task.dev_scores()["dev_recall_at_10"] <= 1


@pytest.mark.parametrize("side", ["frozen", "trainable"])
def test_a_form_without_what_it_reads_of_pictures_is_refused(bert_folder: Path, side: str) -> None:
    form = ImageText(tower="convolutional", tower_side=side)  # type: ignore[arg-type]
    split = tiny_split("image-text") if side == "frozen" else frozen_split()
    with pytest.raises(DataError, match="have no"):
        form.open(load_tiny(bert_folder), split, NONE, OPTIONS)


# Captions to features


@pytest.mark.parametrize(("loss", "factor"), [("cosine", 1.0), ("mse", 2.0)])
def test_the_distance_from_the_teacher_by_hand(bert_folder: Path, loss: str, factor: float) -> None:
    encoder = load_tiny(bert_folder)
    form = CaptionToFeature(tower="t", loss=loss)  # type: ignore[arg-type]
    split = frozen_split()
    task = form.open(encoder, split, NONE, OPTIONS)
    rows = np.array([4, 1])
    value = task.loss(rows, np.random.default_rng(0)).loss.item()
    texts = [split.records[row].texts["text"] for row in rows]
    mapped = task.head.map(encoder.vectors(encoder.tokenise(texts)))
    targets = torch.from_numpy(np.asarray(split.features)[rows])
    cosines = torch.nn.functional.cosine_similarity(mapped, targets)
    assert value == pytest.approx(factor * (1 - cosines).mean().item(), rel=1e-4)


def test_a_linear_map_between_frozen_encoders(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    options = FormOptions(text_locked=True, partners="own", seed=0)
    task = CaptionToFeature(tower="t").open(encoder, frozen_split(), NONE, options)
    outcome = task.loss(np.arange(6), np.random.default_rng(0))
    outcome.loss.backward()
    assert outcome.tokens == 0
    assert all(p.grad is None for p in encoder.model.parameters())
    assert task.head.map.weight.grad is not None


def test_teachings_replace_pictures_and_are_shuffled_like_them(
    bert_folder: Path,
) -> None:
    encoder = load_tiny(bert_folder)
    plain = frozen_split()
    teachings = np.random.default_rng(1).standard_normal((6, 12), np.float32)
    split = Split(plain.records, features=plain.features, teachings=teachings)
    form = CaptionToFeature(tower="t", teacher="captions")
    losses = {}
    for shuffled in (False, True):
        options = FormOptions(text_locked=False, partners="wrong" if shuffled else "own", seed=0)
        task = form.open(encoder, split, NONE, options)
        losses[shuffled] = task.loss(np.arange(6), np.random.default_rng(0)).loss.item()
        mapped = unit(
            task.head.map(
                encoder.vectors(encoder.tokenise([r.texts["text"] for r in split.records]))
            )
        )
        order = task.pictures.records_of_partners(np.arange(6))
        targets = unit(torch.from_numpy(teachings[order]))
        assert losses[shuffled] == pytest.approx(
            (1 - (mapped * targets).sum(1)).mean().item(), rel=1e-4
        )
    assert losses[False] != pytest.approx(losses[True])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tower": "convolutional"}, "no teacher"),
        ({"tower": "t", "tower_side": "trainable"}, "tower_side"),
    ],
)
def test_a_teacher_that_knows_nothing_is_refused(
    bert_folder: Path, settings: dict[str, str], words: str
) -> None:
    form = CaptionToFeature(**settings)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=words):
        form.open(load_tiny(bert_folder), frozen_split(), NONE, OPTIONS)


def test_the_loss_at_an_early_state_leaves_the_layers_above_it(bert_folder: Path) -> None:
    encoder = load_tiny(bert_folder)
    split = frozen_split()
    task = ImageText(hidden_state=1).open(encoder, split, split, OPTIONS)
    encoder.table.keep_only(task.token_ids(), trainable=True)
    task.loss(np.arange(6), np.random.default_rng(0)).loss.backward()
    low, high = encoder.layers()[0], encoder.layers()[1]
    assert all(p.grad is not None and p.grad.any() for p in low.parameters() if p.ndim > 1)
    assert all(p.grad is None or not p.grad.any() for p in high.parameters())

    early = task._texts(np.arange(6))[0]
    texts = [record.texts["text"] for record in split.records]
    expected = encode(encoder, texts, hidden_state=1)
    assert np.allclose(early.detach().numpy(), expected, atol=1e-5)
    locked = FormOptions(text_locked=True, partners="own", seed=0)
    of_locked = ImageText(hidden_state=1).open(encoder, split, NONE, locked)
    assert np.allclose(of_locked._texts(np.arange(6))[0].numpy(), expected, atol=1e-5)
