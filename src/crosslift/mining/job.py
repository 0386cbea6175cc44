"""Mining: from two files of texts to scored pairs of translations."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from crosslift.artifacts.progress import Listener, Phase, Silent, in_phase
from crosslift.artifacts.store import Store
from crosslift.encoders.reading import reading_of_sides
from crosslift.engines.crew import Crew, Engine
from crosslift.engines.needs import Needs
from crosslift.errors import DataError, StudyError
from crosslift.making.encode import open_reading
from crosslift.making.object_encoder import ObjectEncoder, store_of, untouched
from crosslift.making.trained import Trained
from crosslift.mining.blocks import (
    BlockVectors,
    encode_blocks,
    encode_steps,
    rows_searched,
    search_approximately,
    search_exactly,
    search_key,
)
from crosslift.mining.forecast import choose_search, plan_mining
from crosslift.mining.mined_pairs import Gold, select_pairs, write_tsv
from crosslift.mining.mining_settings import (
    MiningSettings,
    check_mining,
    refuse_output,
    same_sides,
)
from crosslift.mining.shards import delete_shards, make_with, merged, shard_steps
from crosslift.results.mined_files import (
    MiningOutcome,
    MiningPlan,
    NeighbourSearch,
    SearchKind,
    SearchRecall,
    SideCounts,
    WrittenPairs,
)
from crosslift.retrieval.search import BothNeighbours
from crosslift.sources.line_filters import KeptTexts, in_language, kept_texts, without_copies
from crosslift.sources.text_lines import TextLines, read_pairs, read_text_lines, refuse_tabs
from crosslift.steps.before_run import missing_steps
from crosslift.steps.estimates import Estimates
from crosslift.steps.status import Status
from crosslift.steps.step import Step


@dataclass(frozen=True, slots=True)
class _Job:
    """A job whose texts are read and whose steps are known."""

    settings: MiningSettings
    store: Store
    encoder: Trained | ObjectEncoder
    lines: Mapping[str, int]
    sides: Mapping[str, KeptTexts]
    steps: Mapping[str, Sequence[Step]]
    search: SearchKind
    columns: int
    key: str
    gold: Gold
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.store.unfinished(self.key)

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[phase] = time.monotonic() - began


def plan_of_files(
    settings: MiningSettings,
    store: Store | None = None,
    listener: Listener[Phase] | None = None,
    workers: int = 1,
) -> MiningPlan:
    """The plan of mining two files; only reads and filters them.

    Args:
        settings, store, listener: as for `mine_files`.
        workers: workers of an engine.

    Raises:
        CrossLiftError: as for `mine_files`.
    """
    with store_of(settings.model, store) as place:
        return _plan(_prepare(settings, place, listener or Silent()), workers)


def mine_files(
    settings: MiningSettings,
    store: Store | None = None,
    listener: Listener[Phase] | None = None,
    on_plan: Callable[[MiningPlan], None] | None = None,
    engine: Engine | None = None,
) -> MiningOutcome:
    """Mines two files for pairs that translate each other, and writes the pairs.

    Margin-based mining of Artetxe and Schwenk 2019, arXiv 1811.01136, section 3: each distinct text
    is encoded once, its k nearest neighbours on the other side are searched, and pairs are selected by
    their margin score. After a stop or a kill at any moment, the next call resumes after the last
    finished block of 16,384 texts, and writes the same bytes as an uninterrupted run with the same
    number of threads on the same processor.

    Args:
        settings: settings of the job.
        store: for vectors and the state of an unfinished search. None: the user's cache. The vectors of
            an object are never kept, and its mining is not resumed.
        listener: receives the progress. None: no reports.
        on_plan: called with the plan after the texts are read. None: not called.
        engine: workers that encode blocks and search shards of src; None: this process.

    Raises:
        StudyError: an engine with an approximate search.
        DataError: a file cannot be used (see `read_text_lines`), no text of a side passes the filters,
            two settings contradict each other, the output exists, or the threshold cannot be
            calibrated.
        EncoderError: the encoder cannot be found, read or used.
    """
    with store_of(settings.model, store) as place:
        return _mine(settings, place, listener or Silent(), on_plan, engine)


def _mine(
    settings: MiningSettings,
    store: Store,
    listener: Listener[Phase],
    on_plan: Callable[[MiningPlan], None] | None,
    engine: Engine | None,
) -> MiningOutcome:
    job = _prepare(settings, store, listener)
    workers = 1 if engine is None else engine.workers
    plan = _plan(job, workers)
    crew = None if engine is None else _crew(job, engine, plan)
    if on_plan is not None:
        on_plan(plan)
    steps = [*job.steps["src"], *job.steps["tgt"]]
    with job.store.using([job.key, *(step.key for step in steps)]):
        with job.timed("encoding"):
            _encode(job, crew, listener)
        with job.store.lock(job.key):
            with job.timed("searching"):
                shards = [] if crew is None else _search_shards(job, crew, workers, listener)
                if shards:
                    both, recall = merged(shards, job.columns, job.store), None
                else:
                    both, recall = _search(job, listener)
            with job.timed("pairing"):
                src, tgt = job.sides["src"], job.sides["tgt"]
                pairs = select_pairs(both, src, tgt, settings, job.gold)
                refuse_output(settings)
                rows = write_tsv(settings.out, pairs.written, src, tgt, settings.keep_duplicates)
            shutil.rmtree(job.folder, ignore_errors=True)
            delete_shards(shards, job.store)
    return MiningOutcome(
        model=settings.model.name,
        reading=_reading(job),
        settings=settings.model_dump(mode="json", exclude={"model", "overwrite"}),
        sides={name: _counts(job.lines[name], side) for name, side in job.sides.items()},
        search=NeighbourSearch(kind=job.search, recall=recall),
        threshold=pairs.threshold,
        pairs=WrittenPairs(**dict(pairs.counts), rows=rows),
        scores=pairs.scores,
        plan=plan,
        seconds=job.seconds,
    )


def _counts(lines: int, side: KeptTexts) -> SideCounts:
    return SideCounts(lines=lines, **asdict(side.left_out), mined=len(side.texts))


def _reading(job: _Job) -> dict[str, Any]:
    """How the vectors were read, with the prompt of each side if they differ."""
    return reading_of_sides(*(open_reading(job.steps[s][0], job.store) for s in ("src", "tgt")))


def _prepare(settings: MiningSettings, store: Store, listener: Listener[Phase]) -> _Job:
    check_mining(settings)
    encoder = untouched(settings.model, fetched=True)
    began = time.monotonic()
    lines = {name: _read(getattr(settings, name), listener) for name in ("src", "tgt")}
    if lines["src"].checksum == lines["tgt"].checksum:
        raise same_sides(f"{settings.src} and {settings.tgt} have the same lines")
    sides = _filter(settings, lines, listener)
    gold = _read_gold(settings.gold, sides["src"])
    of_side = {"src": encoder.of_side(settings, "src"), "tgt": encoder.of_side(settings, "tgt")}
    steps = {name: encode_steps(of_side[name], name, side.texts) for name, side in sides.items()}
    search = choose_search(settings.search, len(sides["src"].texts), len(sides["tgt"].texts))
    needs_negatives = settings.target_precision is not None
    columns = settings.k + needs_negatives
    job = _Job(
        settings=settings,
        store=store,
        encoder=encoder,
        lines={name: len(side.texts) for name, side in lines.items()},
        sides=sides,
        steps=steps,
        search=search,
        columns=columns,
        key=search_key(steps["src"], steps["tgt"], search, columns),
        gold=gold,
    )
    job.seconds["reading"] = time.monotonic() - began
    return job


def _read_gold(path: Path | None, src: KeptTexts) -> Gold:
    """The gold pairs; read before any work, so that a useless file is reported at once."""
    if path is None:
        return None
    gold = read_pairs(path)
    if not {text.strip() for text in src.texts}.intersection(text for text, _ in gold):
        raise DataError(
            f"none of the {len(gold)} src texts of {path} is among the src texts that are mined",
            "src text, tab, tgt text, as in the two files",
        )
    return gold


def _plan(job: _Job, workers: int) -> MiningPlan:
    steps = [*job.steps["src"], *job.steps["tgt"]]
    return plan_mining(
        {name: side.texts for name, side in job.sides.items()},
        steps,
        missing_steps(steps, job.store, Status(job.store)),
        job.encoder,
        job.columns,
        job.search,
        rows_searched(job.folder) if job.search == "exact" else 0,
        Estimates(job.store),
        workers,
    )


def _read(path: Path, listener: Listener[Phase]) -> TextLines:
    with in_phase(listener, _reading_lines()):
        lines = read_text_lines(path, listener.advance)
        refuse_tabs(lines)
    return lines


def _reading_lines(total: int = 0) -> Phase:
    return Phase("reading", "lines", total)


def _filter(
    settings: MiningSettings, lines: Mapping[str, TextLines], listener: Listener[Phase]
) -> dict[str, KeptTexts]:
    shortest, longest = settings.min_length, settings.max_length
    sides = {name: kept_texts(side.texts, shortest, longest) for name, side in lines.items()}
    if settings.drop_copies:
        sides["src"], sides["tgt"] = without_copies(sides["src"], sides["tgt"])
    languages = {"src": settings.src_language, "tgt": settings.tgt_language}
    for name, language in languages.items():
        if language is not None:
            with in_phase(listener, _reading_lines(len(sides[name].texts))):
                sides[name] = in_language(sides[name], language, listener.advance)
    for name, side in sides.items():
        if not side.texts:
            raise DataError(
                f"{lines[name].path}: none of {len(lines[name].texts)} lines passes the filters "
                f"({left_out(side)})",
                "texts to mine",
                "loosen the filters",
            )
    return sides


def left_out(side: KeptTexts) -> str:
    """The texts that are not mined, in words, such as `2 empty, 5 duplicates`."""
    counts = asdict(side.left_out)
    return ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in counts.items() if n) or "none"


def _crew(job: _Job, engine: Engine, plan: MiningPlan) -> Crew:
    """The workers of an engine, each with the memory that a shard needs."""
    if job.search != "exact":
        raise StudyError(
            f"an {job.search} search on an engine", "--search exact, or no engine", "--search exact"
        )
    memory = max(plan.memory_bytes["encoding"], plan.memory_bytes["searching"])
    return Crew(engine, lambda _: Needs(memory=memory, step="a shard of the search"))


def _encode(job: _Job, crew: Crew | None, listener: Listener[Phase]) -> None:
    steps = [*job.steps["src"], *job.steps["tgt"]]
    if crew is None:
        encode_blocks(steps, job.store, listener)
    else:
        make_with(crew, steps, job.store, listener, "encoding", "sentences")


def _search_shards(job: _Job, crew: Crew, workers: int, listener: Listener[Phase]) -> list[Step]:
    """The shards of the search, made."""
    shards = shard_steps(job.steps["src"], job.steps["tgt"], job.columns, workers)
    make_with(crew, shards, job.store, listener, "searching", "pairs")
    return shards


def _search(job: _Job, listener: Listener[Phase]) -> tuple[BothNeighbours, SearchRecall | None]:
    src, tgt = (BlockVectors(job.steps[name], job.store) for name in ("src", "tgt"))
    if job.search == "exact":
        return search_exactly(src, tgt, job.columns, job.folder, listener), None
    return search_approximately(src, tgt, job.columns, job.search, job.folder, listener)
