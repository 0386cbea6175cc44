"""The losses are those of sentence-transformers, to 1e-6, on the vectors of our own forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers.sentence_transformer import losses
from sentence_transformers.util import pairwise_cos_sim
from tiny_encoder import NAMES, OTHER_NAMES, TEXTS, load_tiny, make_tiny_encoder
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import DataError
from crosslift.forms.bitext_distillation import BitextDistillation
from crosslift.forms.form import FormOptions, Split
from crosslift.forms.regression import Regression
from crosslift.forms.text_pairs import TextPairs
from crosslift.sources.record import Record

OPTIONS = FormOptions(text_locked=False, partners="own", seed=0)
NONE = Split([])
ROWS = np.array([4, 0, 3, 1, 5])
NEGATIVES = ("no", "dry weather", "four", "a black cat sat", "over", "never again")
GRADES = (0.1, 0.9, 0.5, 0.5, 0.2, 1.0)


class Given(torch.nn.Module):
    """A model of sentence-transformers whose vectors are known.

    Args:
        encoder: whose tokenizer it has.
        key: of its vectors in the features.
    """

    def __init__(self, encoder: Encoder, key: str = "ours") -> None:
        super().__init__()
        self.tokenizer = encoder.tokenizer
        self.max_seq_length = 80
        self.key = key
        self.width = encoder.width

    def __getitem__(self, number: int) -> None:
        return None

    def get_embedding_dimension(self) -> int:
        return self.width

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        features["sentence_embedding"] = features[self.key]
        return features


@pytest.fixture(scope="module")
def guide_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_encoder(tmp_path_factory.mktemp("guide") / "encoder", seed=9)


@pytest.fixture
def encoder(bert_folder: Path) -> Encoder:
    loaded = load_tiny(bert_folder)
    loaded.model.eval()
    return loaded


def records() -> list[Record]:
    names = ("anchor", "positive", "negative")
    columns = zip(NAMES, OTHER_NAMES, NEGATIVES, strict=True)
    return [
        Record(str(i), dict(zip(names, texts, strict=True)), score=grade)
        for i, (texts, grade) in enumerate(zip(columns, GRADES, strict=True))
    ]


def features(*columns: Sequence[str], **encoders: Encoder) -> list[dict[str, Tensor]]:
    """The vectors of columns of texts by some encoders, for the batch."""
    return [
        {
            name: encoder.vectors(encoder.tokenise([column[row] for row in ROWS]))
            for name, encoder in encoders.items()
        }
        for column in columns
    ]


def our_loss(encoder: Encoder, form: Any) -> Tensor:
    opened = form.open(encoder, Split(records()), NONE, OPTIONS)
    loss: Tensor = opened.loss(ROWS, np.random.default_rng(0)).loss
    return loss


def assert_equal(ours: Tensor, theirs: Tensor, encoder: Encoder) -> None:
    """The losses are equal, and so are their gradients."""
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-6, rel=1e-6)
    weight = encoder.layers()[0].attention.self.query.weight
    gradients = [torch.autograd.grad(loss, weight)[0] for loss in (ours, theirs)]
    assert gradients[0].abs().max() > 0
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-6)


def test_softmax_is_multiple_negatives_ranking_loss(encoder: Encoder) -> None:
    theirs = losses.MultipleNegativesRankingLoss(Given(encoder), scale=20.0)
    pairs = theirs(features(NAMES, OTHER_NAMES, ours=encoder), torch.empty(0))
    assert_equal(our_loss(encoder, TextPairs()), pairs, encoder)
    triples = theirs(features(NAMES, OTHER_NAMES, NEGATIVES, ours=encoder), torch.empty(0))
    assert_equal(our_loss(encoder, TextPairs(negative="negative")), triples, encoder)


def test_cached_texts_are_cached_multiple_negatives_ranking_loss(encoder: Encoder) -> None:
    theirs = losses.CachedMultipleNegativesRankingLoss(Given(encoder), scale=20.0)
    reps = [[each["ours"]] for each in features(NAMES, OTHER_NAMES, ours=encoder)]
    opened = TextPairs().open(encoder, Split(records()), NONE, replace(OPTIONS, cached_texts=3))
    ours = opened.loss(ROWS, np.random.default_rng(0)).loss
    assert_equal(ours, theirs.calculate_loss(reps), encoder)


@pytest.mark.parametrize("margin", [0.0, 0.005])
@pytest.mark.parametrize("negative", [None, "negative"])
def test_a_guide_is_gist_embed_loss(
    encoder: Encoder, guide_folder: Path, margin: float, negative: str | None
) -> None:
    guide = load_tiny(guide_folder)
    columns = (NAMES, OTHER_NAMES, NEGATIVES) if negative else (NAMES, OTHER_NAMES)
    theirs = losses.GISTEmbedLoss(
        Given(encoder),
        Given(guide, "guide"),
        temperature=0.05,
        margin=margin,
        contrast_anchors=False,
        contrast_positives=False,
    )
    form = TextPairs(negative=negative, guide=str(guide_folder), guide_margin=margin)
    ours = our_loss(encoder, form)
    assert_equal(
        ours, theirs(features(*columns, ours=encoder, guide=guide), torch.empty(0)), encoder
    )
    unguided = our_loss(encoder, TextPairs(negative=negative))
    assert abs(ours.item() - unguided.item()) > 1e-3  # the guide masks something here


def test_matryoshka_is_matryoshka_loss(encoder: Encoder, guide_folder: Path) -> None:
    model, dimensions, weights = Given(encoder), [32, 16, 4], [1.0, 0.5, 2.0]
    inner = losses.MultipleNegativesRankingLoss(model)
    theirs = losses.MatryoshkaLoss(model, inner, dimensions, weights)
    form = TextPairs(matryoshka=(32, 16, 4), matryoshka_weights=(1.0, 0.5, 2.0))
    columns = features(NAMES, OTHER_NAMES, ours=encoder)
    assert_equal(our_loss(encoder, form), theirs(columns, torch.empty(0)), encoder)


@pytest.mark.parametrize("dimensions", [None, (32, 8)])
def test_cosent_is_cosent_loss(encoder: Encoder, dimensions: tuple[int, ...] | None) -> None:
    model = Given(encoder)
    theirs: Any = losses.CoSENTLoss(model, scale=20.0)
    if dimensions:
        theirs = losses.MatryoshkaLoss(model, theirs, list(dimensions))
    form = Regression("anchor", "positive", 0.0, 1.0, loss="cosent", matryoshka=dimensions)
    labels = torch.tensor([GRADES[row] for row in ROWS])
    columns = features(NAMES, OTHER_NAMES, ours=encoder)
    assert_equal(our_loss(encoder, form), theirs(columns, labels), encoder)


def test_cosines_of_grades_are_cosine_similarity_loss(encoder: Encoder) -> None:
    theirs = losses.CosineSimilarityLoss(Given(encoder))
    labels = torch.tensor([GRADES[row] for row in ROWS])
    columns = features(NAMES, OTHER_NAMES, ours=encoder)
    form = Regression("anchor", "positive", 0.0, 1.0)
    assert_equal(our_loss(encoder, form), theirs(columns, labels), encoder)


def test_margin_mse_is_margin_mse_loss_of_cosines(encoder: Encoder, guide_folder: Path) -> None:
    guide = load_tiny(guide_folder)
    columns = features(NAMES, OTHER_NAMES, NEGATIVES, ours=encoder, guide=guide)
    anchors, positives, negatives = (each["guide"].detach() for each in columns)
    margins = pairwise_cos_sim(anchors, positives) - pairwise_cos_sim(anchors, negatives)
    theirs = losses.MarginMSELoss(Given(encoder), similarity_fct=pairwise_cos_sim)
    form = TextPairs(negative="negative", loss="margin-mse", guide=str(guide_folder))
    assert_equal(our_loss(encoder, form), theirs(columns, margins), encoder)


def test_margins_of_records_are_those_of_margin_mse_loss(encoder: Encoder) -> None:
    """Margins of a cross-encoder are larger than any difference of cosines."""
    margins = (7.5, -1.0, 3.0, 0.5, 2.0, 9.0)
    split = [replace(r, margins=(m,)) for r, m in zip(records(), margins, strict=True)]
    theirs = losses.MarginMSELoss(
        Given(encoder), similarity_fct=lambda a, b: 10 * pairwise_cos_sim(a, b)
    )
    columns = features(NAMES, OTHER_NAMES, NEGATIVES, ours=encoder)
    labels = torch.tensor([margins[row] for row in ROWS])
    form = TextPairs(negative="negative", loss="margin-mse", margin_scale=10.0)
    ours = form.open(encoder, Split(split), NONE, OPTIONS).loss(ROWS, np.random.default_rng(0))
    assert_equal(ours.loss, theirs(columns, labels), encoder)


def test_each_of_several_negatives_has_its_own_margin(encoder: Encoder) -> None:
    first, second = records()[:2]
    several = [
        replace(
            first, texts={**first.texts, "negative_2": "dry", "negative_3": "x"}, margins=(1, 2, 3)
        ),
        replace(second, margins=(4,)),
    ]
    form = TextPairs(negative="negative", loss="margin-mse")
    opened = form.open(encoder, Split(several), NONE, OPTIONS)
    rows = np.array([1, 0])
    ours = opened.loss(rows, np.random.default_rng(0)).loss.item()
    names = ("anchor", "positive", "negative", "negative_2", "negative_3")
    vectors = [
        dict(zip(r.texts, encoder.vectors(encoder.tokenise(list(r.texts.values()))), strict=True))
        for r in several
    ]
    units = [
        {n: torch.nn.functional.normalize(v, dim=0) for n, v in each.items()} for each in vectors
    ]
    errors = [
        (each["anchor"] @ (each["positive"] - each[name]) - margin).item() ** 2
        for each, record in zip(units, several, strict=True)
        for name, margin in zip(names[2:], record.margins, strict=False)
    ]
    assert len(errors) == 4
    assert ours == pytest.approx(sum(errors) / 4, rel=1e-5)


def test_margins_that_do_not_fit_are_named(encoder: Encoder, guide_folder: Path) -> None:
    form = TextPairs(negative="negative", loss="margin-mse")
    two = [replace(record, margins=(1.0, 2.0)) for record in records()]
    with pytest.raises(DataError, match="pair '0' has 1 negatives and 2 margins"):
        form.open(encoder, Split(two), NONE, OPTIONS)
    with pytest.raises(DataError, match="with a guide, and with margins in the records"):
        replace(form, guide=str(guide_folder)).open(encoder, Split(two), NONE, OPTIONS)


def test_matryoshka_of_margins_is_the_sum_over_cut_vectors(
    encoder: Encoder, guide_folder: Path
) -> None:
    """MatryoshkaLoss of sentence-transformers cuts the vectors, not the teacher's margins."""
    model = Given(encoder)
    columns = features(NAMES, OTHER_NAMES, NEGATIVES, ours=encoder, guide=load_tiny(guide_folder))
    anchors, positives, negatives = (each["guide"].detach() for each in columns)
    margins = pairwise_cos_sim(anchors, positives) - pairwise_cos_sim(anchors, negatives)
    inner = losses.MarginMSELoss(model, similarity_fct=pairwise_cos_sim)
    theirs = losses.MatryoshkaLoss(model, inner, [32, 8], [1.0, 0.5])
    form = TextPairs(
        negative="negative",
        loss="margin-mse",
        guide=str(guide_folder),
        matryoshka=(32, 8),
        matryoshka_weights=(1.0, 0.5),
    )
    assert_equal(our_loss(encoder, form), theirs(columns, margins), encoder)


def test_matryoshka_of_a_teacher_is_the_sum_over_its_first_numbers(
    encoder: Encoder, guide_folder: Path
) -> None:
    columns = features(NAMES, OTHER_NAMES, ours=encoder, guide=load_tiny(guide_folder))
    taught = columns[0]["guide"].detach()

    def at(dimension: int) -> Tensor:
        sides = [each["ours"][:, :dimension] - taught[:, :dimension] for each in columns]
        return torch.stack(sides).square().mean()

    form = BitextDistillation("anchor", "positive", str(guide_folder), (32, 8), (1.0, 0.5))
    assert_equal(our_loss(encoder, form), at(32) + 0.5 * at(8), encoder)
    with pytest.raises(DataError, match=r"matryoshka \[64\] of vectors of 32"):
        our_loss(encoder, replace(form, matryoshka=(64,), matryoshka_weights=None))


def test_bitext_distillation_is_mse_loss(encoder: Encoder, guide_folder: Path) -> None:
    theirs = losses.MSELoss(Given(encoder))
    columns = features(NAMES, OTHER_NAMES, ours=encoder, guide=load_tiny(guide_folder))
    labels = columns[0]["guide"].detach()
    form = BitextDistillation("anchor", "positive", str(guide_folder))
    assert_equal(our_loss(encoder, form), theirs(columns, labels), encoder)


def test_a_teacher_of_another_width_is_refused(encoder: Encoder) -> None:
    form = BitextDistillation("anchor", "positive")
    with pytest.raises(DataError, match="without a teacher"):
        our_loss(encoder, form)
    with pytest.raises(DataError, match="vectors of 384 numbers"):
        our_loss(encoder, replace(form, teacher="embedded"))


def test_settings_that_do_not_fit_are_named(encoder: Encoder, guide_folder: Path) -> None:
    with pytest.raises(DataError, match=r"matryoshka \[64, 8\] of vectors of 32"):
        our_loss(encoder, TextPairs(matryoshka=(64, 8)))
    with pytest.raises(DataError, match="different dimensions"):
        our_loss(encoder, TextPairs(matryoshka=(8, 8)))
    with pytest.raises(DataError, match="1 matryoshka_weights for 2"):
        our_loss(encoder, TextPairs(matryoshka=(32, 8), matryoshka_weights=(1.0,)))
    with pytest.raises(DataError, match="without `matryoshka`"):
        our_loss(encoder, TextPairs(matryoshka_weights=(1.0,)))
    with pytest.raises(DataError, match="margin-mse of text pairs without a guide"):
        our_loss(encoder, TextPairs(negative="negative", loss="margin-mse"))
    with pytest.raises(DataError, match="pair '0' has no negative"):
        our_loss(encoder, TextPairs(loss="margin-mse", guide=str(guide_folder)))
    with pytest.raises(DataError, match=r"guide_margin 0\.1 of text pairs without"):
        our_loss(encoder, TextPairs(guide_margin=0.1))
    with pytest.raises(DataError, match="no vectors of single texts"):
        our_loss(encoder, Regression("anchor", "positive", head="pair", loss="cosent"))


def test_a_text_of_the_anchors_group_is_no_hard_negative_of_it(bert_folder: Path) -> None:
    """The negative of record 1 is the second caption of record 0's picture."""
    encoder = load_tiny(bert_folder)
    texts = [("a", TEXTS[0]), ("b", TEXTS[1]), ("c", TEXTS[2])]
    groups = ("one", "two", "one")
    split = [
        Record(str(i), {"anchor": a, "positive": p, **({"negative": TEXTS[2]} if i == 1 else {})})
        for i, (a, p) in enumerate(texts)
    ]
    grouped = [replace(record, group=group) for record, group in zip(split, groups, strict=True)]
    rows = np.array([0, 1])
    form = TextPairs(negative="negative")
    losses_of = [
        form.open(encoder, Split(each), NONE, OPTIONS).loss(rows, np.random.default_rng(0)).loss
        for each in (split, grouped)
    ]
    x = encoder.vectors(encoder.tokenise(["a", "b", TEXTS[0], TEXTS[1], TEXTS[2]]))
    units = torch.nn.functional.normalize(x, dim=1)
    scores = units[:2] @ units[2:].T * 20
    masked = scores.clone()
    masked[0, 2] = -torch.inf
    targets = torch.tensor([0, 1])
    for loss, expected in zip(losses_of, (scores, masked), strict=True):
        wanted = torch.nn.functional.cross_entropy(expected, targets).item()
        assert loss.item() == pytest.approx(wanted, abs=1e-5)
