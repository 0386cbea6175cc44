"""The overlap between the training tasks of a run and its targets, for ``run.json``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crosslift.analysis.collect import Gathered
from crosslift.results.overlap_facts import OverlapExample, OverlapFacts

_EXAMPLES = 5


def overlaps(gathered: Gathered) -> tuple[OverlapFacts, ...]:
    """The overlap of each task and target: of texts, then of pictures."""
    return (*_text_overlaps(gathered), *_picture_overlaps(gathered))


def _text_overlaps(gathered: Gathered) -> Iterator[OverlapFacts]:
    for (task, target), step in gathered.plan.overlaps.items():
        content: Any = gathered.overlap(step)
        kinds = list(content["texts"].values())
        items = gathered.overlapping_items(target, set(content["texts"]))
        yield OverlapFacts(
            task=task,
            target=target,
            records=content["records"],
            items=sum(map(len, items.values())),
            exact=kinds.count("exact"),
            near=len(kinds) - kinds.count("exact"),
            examples=tuple(OverlapExample(**each) for each in content["examples"][:_EXAMPLES]),
        )


def _picture_overlaps(gathered: Gathered) -> Iterator[OverlapFacts]:
    for (task, target), step in gathered.plan.picture_overlaps.items():
        content: Any = gathered.overlap(step)
        pictures: Any = content["pictures"]
        kinds = [facts["kind"] for facts in pictures.values()]
        yield OverlapFacts(
            task=task,
            target=target,
            kind="pictures",
            records=content["records"],
            items=len(pictures),
            exact=kinds.count("exact"),
            near=kinds.count("near"),
            examples=tuple(
                OverlapExample(train=facts["train"], test=item, similarity=facts["agreement"])
                for item, facts in list(pictures.items())[:_EXAMPLES]
            ),
        )
