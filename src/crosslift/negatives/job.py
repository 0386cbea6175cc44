"""Mines hard negatives: from pairs and a corpus to the pairs with their negatives."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from crosslift.artifacts.keys import key_of
from crosslift.artifacts.progress import Listener, Phase, Silent, in_phase
from crosslift.artifacts.store import Store
from crosslift.encoders.encoder_settings import SidePrompts
from crosslift.encoders.reading import reading_of_sides
from crosslift.engines.crew import Crew, Engine
from crosslift.errors import DataError
from crosslift.making.encode import open_reading
from crosslift.making.object_encoder import ObjectEncoder, store_of, untouched
from crosslift.making.trained import Trained
from crosslift.mining.blocks import BlockVectors, encode_blocks, encode_steps
from crosslift.mining.shards import make_with
from crosslift.negatives.choose import Chooser, ChosenNegatives, Vectors, neighbours_needed
from crosslift.negatives.negatives_settings import NegativesSettings, refuse_output
from crosslift.negatives.pair_files import corpus_in, pairs_in, write_pairs
from crosslift.negatives.search import AnchorSearch, search_crew
from crosslift.negatives.texts_of_pairs import TextsOfPairs
from crosslift.results.mined_negatives import (
    CandidateCounts,
    NegativesOutcome,
    PairsWithNegatives,
    SampledNegative,
    SampledPair,
)
from crosslift.steps.step import Step
from crosslift.tasks.own_records import FileRecords

_SAMPLED = 3


def mine_negatives(
    settings: NegativesSettings,
    store: Store | None = None,
    listener: Listener[Phase] | None = None,
    engine: Engine | None = None,
) -> NegativesOutcome:
    """Mines hard negatives for pairs of texts, and writes the pairs with them.

    For each pair, the texts of the corpus are ranked by their cosine with the anchor; those that are
    right for the pair have no rank. Of the texts within the range of ranks, those above the margins,
    near duplicates of right texts, and those that the guide puts too near to the anchor are left out.
    The others are the pair's negatives. After a stop or a kill, the next call uses the finished
    vectors, and its search resumes after the last finished block of 16,384 anchors. Workers
    write the bytes that one process writes.

    Args:
        settings: settings of the job.
        store: store for vectors. None: the user's cache. The vectors of an object are never kept.
        listener: receives the progress. None: no reports.
        engine: workers that encode blocks of texts, and search shards of the anchors; None: this
            process.

    Raises:
        DataError: a file cannot be used; the output exists; the corpus has fewer texts than the first
            rank; no pair has a negative.
        EncoderError: an encoder cannot be found, read or used.

    Source: ranks and margins, Moreira et al. 2024 (arXiv 2407.15831), section 3; the guide, Solatorio
    2024 (arXiv 2402.16829), section 3.
    """
    refuse_output(settings)
    with store_of(settings.model, store) as place, _guide_store(settings, store) as guide_place:
        return _Job(settings, place, guide_place, listener or Silent(), engine).run()


@contextmanager
def _guide_store(settings: NegativesSettings, store: Store | None) -> Iterator[Store | None]:
    if settings.guide is None:
        yield None
        return
    with store_of(settings.guide, store) as place:
        yield place


@dataclass(frozen=True, slots=True)
class _Side:
    """An encoder's vectors of all texts, as steps.

    Args:
        encoder: encoder before the prompts of sides.
        anchors: steps that encode the distinct anchors.
        others: steps that encode all texts.
        store: store of the vectors.
    """

    encoder: Trained | ObjectEncoder
    anchors: Sequence[Step]
    others: Sequence[Step]
    store: Store

    @classmethod
    def of(
        cls,
        encoder: Trained | ObjectEncoder,
        prompts: SidePrompts,
        texts: TextsOfPairs,
        store: Store,
    ) -> _Side:
        anchors = [texts.texts[number] for number in np.unique(texts.anchors).tolist()]
        return cls(
            encoder,
            encode_steps(encoder.of_side(prompts, "src"), "anchors", anchors),
            encode_steps(encoder.of_side(prompts, "tgt"), "texts", texts.texts),
            store,
        )

    @property
    def steps(self) -> list[Step]:
        return [*self.anchors, *self.others]

    @property
    def key(self) -> str:
        return key_of({"negatives": [step.key for step in self.steps]})

    @contextmanager
    def vectors(self) -> Iterator[Vectors]:
        """The vectors, in files that are deleted after the block."""
        folder = self.store.unfinished(self.key)
        with self.store.lock(self.key):
            parts = {"anchors": self.anchors, "others": self.others}
            whole = {
                name: BlockVectors(steps, self.store).whole(folder / f"{name}.npy")
                for name, steps in parts.items()
            }
            yield Vectors(**whole)
            shutil.rmtree(folder, ignore_errors=True)

    def reading(self) -> dict[str, Any]:
        """How the vectors were read from the encoder."""
        first = (self.anchors[0], self.others[0])
        return reading_of_sides(*(open_reading(step, self.store) for step in first))


@dataclass(slots=True)
class _Job:
    settings: NegativesSettings
    store: Store
    guide_store: Store | None
    listener: Listener[Phase]
    engine: Engine | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[phase] = time.monotonic() - began

    def run(self) -> NegativesOutcome:
        settings = self.settings
        with self._timed("reading"):
            source = pairs_in(settings.pairs)
            texts = self._read(source)
        side = _Side.of(untouched(settings.model, fetched=True), settings, texts, self.store)
        guide = None
        if settings.guide is not None and self.guide_store is not None:
            encoder = untouched(settings.guide, fetched=True)
            guide = _Side.of(encoder, settings.guide_prompts, texts, self.guide_store)
        sides = [side] if guide is None else [side, guide]
        k = neighbours_needed(texts, settings)
        crew = None
        if self.engine is not None:
            anchors, encoders = len(np.unique(texts.anchors)), [each.encoder for each in sides]
            crew = search_crew(self.engine, encoders, anchors, texts.candidates, k)
        search = AnchorSearch(side.anchors, side.others, texts.candidates, k, self.store, crew)
        with self.store.using([search.key, *(step.key for each in sides for step in each.steps)]):
            with self._timed("encoding"):
                for each in sides:
                    self._encode(each, crew)
            of_guide = nullcontext(None) if guide is None else guide.vectors()
            with self.store.lock(search.key), side.vectors() as vectors, of_guide as by_guide:
                with self._timed("searching"):
                    search.run(vectors.others, self.listener)
                with self._timed("choosing"):
                    chosen, sample = self._choose(texts, search, vectors, by_guide)
            counts = self._counts(chosen)
            refuse_output(settings)
            write_pairs(settings.out, source, texts, chosen)
            search.delete()
            return NegativesOutcome(
                model=settings.model.name,
                reading=side.reading(),
                guide=None if settings.guide is None else settings.guide.name,
                settings=settings.model_dump(mode="json", exclude={"model", "guide", "overwrite"}),
                corpus=texts.candidates,
                right_skipped=chosen.right_skipped,
                candidates=CandidateCounts(**chosen.counts),
                pairs=counts,
                sample=sample,
                seconds=self.seconds,
            )

    def _encode(self, side: _Side, crew: Crew | None) -> None:
        if crew is None:
            encode_blocks(side.steps, side.store, self.listener)
        else:
            make_with(crew, side.steps, side.store, self.listener, "encoding", "sentences")

    def _read(self, source: FileRecords) -> TextsOfPairs:
        corpus = None if self.settings.corpus is None else corpus_in(self.settings.corpus)
        grouped = source.group_column is not None
        texts = TextsOfPairs.of(source.train(), corpus, grouped=grouped)
        if texts.candidates < self.settings.first_rank:
            raise DataError(
                f"a corpus of {texts.candidates:,} distinct texts has no rank "
                f"{self.settings.first_rank}",
                "a larger corpus, or lower ranks",
                "such as `--ranks 1-20`",
            )
        return texts

    def _choose(
        self, texts: TextsOfPairs, search: AnchorSearch, vectors: Vectors, guide: Vectors | None
    ) -> tuple[ChosenNegatives, tuple[SampledPair, ...]]:
        chooser = Chooser(texts, self.settings, vectors, guide)
        with in_phase(self.listener, Phase("choosing", "anchors", len(vectors.anchors))):
            for done in chooser.run(search.nearest()):
                self.listener.advance(done)
        return chooser.chosen, tuple(_sample(texts, chooser.chosen, vectors, guide))

    def _counts(self, chosen: ChosenNegatives) -> PairsWithNegatives:
        """The pairs by their number of negatives.

        Raises:
            DataError: no pair has a negative.
        """
        numbers = np.array([len(texts) for texts in chosen.texts])
        if not numbers.any():
            counts = CandidateCounts(**chosen.counts)
            causes = (
                f"{count:,} {name.replace('_', ' ')}"
                for name, count in counts
                if count and name != "ranked"
            )
            raise DataError(
                f"none of the {counts.ranked:,} texts within the ranks is a negative: "
                f"{', '.join(causes) or 'every text is right for its pair'}",
                "texts that are not right for their pair",
                "lower the first rank or the margins, or name a larger corpus",
            )
        full, without = int((numbers == self.settings.negatives).sum()), int((numbers == 0).sum())
        return PairsWithNegatives(full=full, fewer=len(numbers) - full - without, without=without)


def _sample(
    texts: TextsOfPairs, chosen: ChosenNegatives, vectors: Vectors, guide: Vectors | None
) -> Iterator[SampledPair]:
    """Some pairs that have negatives, spread over the file."""
    filled = [row for row, negatives in enumerate(chosen.texts) if len(negatives)]
    picked = dict.fromkeys(np.linspace(0, len(filled) - 1, min(_SAMPLED, len(filled))).astype(int))
    places = np.unique(texts.anchors, return_inverse=True)[1]
    for row in (filled[number] for number in picked):
        numbers = np.concatenate([texts.positives[row : row + 1], chosen.texts[row]])
        anchor = np.full(len(numbers), places[row])
        scores = vectors.cosines(anchor, numbers).tolist()
        of_guide = (
            [None] * len(numbers) if guide is None else guide.cosines(anchor, numbers).tolist()
        )
        record = texts.records[row]
        yield SampledPair(
            anchor=record.texts["anchor"],
            positive=record.texts["positive"],
            score=scores[0],
            guide_score=of_guide[0],
            negatives=tuple(
                SampledNegative(
                    text=texts.texts[number], rank=rank, score=score, guide_score=by_guide
                )
                for number, rank, score, by_guide in zip(
                    numbers[1:].tolist(),
                    chosen.ranks[row].tolist(),
                    scores[1:],
                    of_guide[1:],
                    strict=True,
                )
            ),
        )
