"""The texts of queries, right answers and retrieved candidates of a run."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from crosslift.analysis.collect import Gathered
from crosslift.results.query_texts import QueryText
from crosslift.results.score_rows import table_of
from crosslift.targets.target_data import ExampleItem, QueryExamples


def query_texts(gathered: Gathered) -> pa.Table:
    """One row a `QueryText`: every text once for each protocol, however many arms and seeds ask it."""
    return table_of(_texts(gathered), QueryText)


def _texts(gathered: Gathered) -> Iterator[QueryText]:
    columns = ["target", "protocol", "language", "item", "retrieved"]
    outcomes = gathered.outcomes.select(columns)
    for target, loaded in gathered.plan.targets.items():
        for protocol in loaded.protocols:
            rows = outcomes.filter(
                (pc.field("target") == target) & (pc.field("protocol") == protocol.id)
            )
            for language in sorted(pc.unique(rows["language"]).to_pylist()):
                examples = loaded.data.examples(language, protocol.direction)
                if examples is None:
                    continue
                of_language = rows.filter(pc.field("language") == language)
                for role, item, shown in _shown(examples, of_language):
                    if shown.text is not None:
                        yield QueryText(target, protocol.id, language, role, item, shown.text)


def _shown(examples: QueryExamples, rows: pa.Table) -> Iterator[tuple[str, str, ExampleItem]]:
    """Role, id and text or picture of everything that some outcomes of one language name."""
    for item in pc.unique(rows["item"]).to_pylist():
        yield "query", item, examples.query(item)
        yield "right", item, examples.right(item)
    for candidate in pc.unique(rows["retrieved"]).to_pylist():
        if candidate:
            yield "retrieved", candidate, examples.answer(candidate)
