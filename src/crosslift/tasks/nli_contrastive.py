"""NLI as contrastive pairs: a premise, an entailed hypothesis, and a contradicted one.

Supervised: the English NLI setting of mSimCSE (Wang et al. 2022, arXiv 2211.06127, section 3; after
Gao et al. 2021, arXiv 2104.08821, section 4). Unsupervised: the same sentence twice, so that its
two vectors differ only by dropout (section 3 of the latter).
"""

from __future__ import annotations

from collections.abc import Sequence

from crosslift.sources.published import Derived, Together
from crosslift.sources.record import Record
from crosslift.tasks.dataset import DatasetTask
from crosslift.tasks.mnli import MNLI, MNLI_DATA
from crosslift.tasks.snli import SNLI, SNLI_DATA
from crosslift.tasks.snli_cad import SNLI_CAD, SNLI_CAD_DATA
from crosslift.tasks.task import FormSpec

_TRIPLETS = FormSpec(
    "text-pairs", {"anchor": "anchor", "positive": "positive", "negative": "negative"}
)
_TWICE = FormSpec("text-pairs", {"anchor": "anchor", "positive": "positive"})
_BOTH = Together({"mnli": MNLI_DATA, "snli": SNLI_DATA})
_MSIMCSE = "Wang et al. 2022 (arXiv 2211.06127)"


def triplets(records: Sequence[Record]) -> list[Record]:
    """One record for each entailed hypothesis whose premise also has a contradicted one.

    The positives of a premise use its negatives in turn. Records of one premise are a group.

    Args:
        records: records of NLI; ``text`` is the premise, ``pair`` the hypothesis.

    Returns:
        Records with the texts ``anchor``, ``positive`` and ``negative``, in the order of the
        entailed ones.
    """
    contradicted: dict[str, list[str]] = {}
    for record in records:
        if record.label == "contradiction":
            contradicted.setdefault(record.texts["text"], []).append(record.texts["pair"])
    triplet_records, n_used = [], dict.fromkeys(contradicted, 0)
    for record in records:
        premise = record.texts["text"]
        if record.label == "entailment" and premise in contradicted:
            negatives = contradicted[premise]
            texts = {
                "anchor": premise,
                "positive": record.texts["pair"],
                "negative": negatives[n_used[premise] % len(negatives)],
            }
            triplet_records.append(Record(record.id, texts, group=premise))
            n_used[premise] += 1
    return triplet_records


def sentences_twice(records: Sequence[Record]) -> list[Record]:
    """Each distinct sentence of the records, premise or hypothesis, as anchor and as positive."""
    first: dict[str, str] = {}
    for record in records:
        for column in ("text", "pair"):
            first.setdefault(record.texts[column], f"{record.id}:{column}")
    return [
        Record(name, {"anchor": text, "positive": text}, group=text) for text, name in first.items()
    ]


NLI_CONTRASTIVE = DatasetTask(
    name="nli-contrastive",
    title="MultiNLI and SNLI as text pairs: premise, entailed and contradicted hypothesis",
    form=_TRIPLETS,
    source=Derived(_BOTH, triplets),
    languages=("en",),
    licence=f"MultiNLI: {MNLI.licence}; SNLI: {SNLI.licence}",
    citation=f"{_MSIMCSE}, English NLI",
    train_examples=MNLI.train_examples + SNLI.train_examples,
)

NLI_UNSUPERVISED = DatasetTask(
    name="nli-unsupervised",
    title="sentences of MultiNLI and SNLI, each paired with itself (SimCSE with dropout)",
    form=_TWICE,
    source=Derived(_BOTH, sentences_twice, with_dev=False),
    languages=("en",),
    licence=NLI_CONTRASTIVE.licence,
    citation="Gao, Yao and Chen 2021 (arXiv 2104.08821), section 3",
    train_examples=NLI_CONTRASTIVE.train_examples,
)

SNLI_CAD_CONTRASTIVE = DatasetTask(
    name="snli-cad-contrastive",
    title="counterfactually augmented SNLI as text pairs: premise, entailed and contradicted",
    form=_TRIPLETS,
    source=Derived(SNLI_CAD_DATA, triplets),
    languages=("en",),
    licence=SNLI_CAD.licence,
    citation=f"{SNLI_CAD.citation}; as in {_MSIMCSE}",
    train_examples=SNLI_CAD.train_examples,
)
