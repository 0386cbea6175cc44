"""The texts and pictures of the queries, right answers and retrieved candidates of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from crosslift.analysis.collect import Gathered
from crosslift.results.query_texts import QueryText
from crosslift.results.score_rows import table_of
from crosslift.targets.target_data import ExampleItem, QueryExamples


def query_texts(gathered: Gathered) -> pa.Table:
    """One row for each `QueryText`; a text appears once for each protocol, however many arms and seeds
    use it."""
    return table_of(_texts(gathered), QueryText)


def _texts(gathered: Gathered) -> Iterator[QueryText]:
    items, answers = _named(gathered.outcomes, "item"), _named(gathered.outcomes, "retrieved")
    found = _named(_one_by_one(gathered.found_answers), "answers")
    for (target, protocol, language), queries in sorted(items.items()):
        loaded = gathered.plan.targets[target]
        direction = next(p.direction for p in loaded.protocols if p.id == protocol)
        examples = loaded.data.examples(language, direction)
        if examples is None:
            continue
        place = (target, protocol, language)
        of_answers = dict.fromkeys((*answers.get(place, ()), *found.get(place, ())))
        for role, item, shown in _shown(examples, queries, of_answers):
            yield QueryText(*place, role, item, shown.text, shown.language, shown.picture)


def _one_by_one(found: pa.Table) -> pa.Table:
    """Target, protocol and language of every retrieved answer, one in each row."""
    lists = found["answers"].combine_chunks()
    rows = found.select(["target", "protocol", "language"]).take(pc.list_parent_indices(lists))
    return rows.append_column("answers", pc.list_flatten(lists))


def _named(outcomes: pa.Table, column: str) -> dict[tuple[str, str, str], list[str]]:
    """Target, protocol and language -> the distinct values of a column, as they come.

    The table is read once: filtering it for each of 120 languages took minutes.
    """
    keys = ["target", "protocol", "language", column]
    distinct = outcomes.select(keys).group_by(keys, use_threads=False).aggregate([])
    values: dict[tuple[str, str, str], list[str]] = {}
    for target, protocol, language, value in zip(
        *(distinct[key].to_pylist() for key in keys), strict=True
    ):
        values.setdefault((target, protocol, language), []).append(value)
    return values


def _shown(
    examples: QueryExamples, queries: Iterable[str], answers: Iterable[str]
) -> Iterator[tuple[str, str, ExampleItem]]:
    """Role, id and text or picture of everything that some outcomes of one language name."""
    for item in queries:
        yield "query", item, examples.query(item)
        yield "right", item, examples.right(item)
    for candidate in answers:
        if candidate:
            yield "retrieved", candidate, examples.answer(candidate)
