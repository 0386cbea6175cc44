"""Cosmos QA: questions on short stories from weblogs, with four answers to choose from.

The hub's copy has 25,262 training and 2,985 dev questions, the published files a few more. Its revision
is the hub's conversion to data files (the main branch contains a script).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.fields import ChoiceFields
from crosslift.sources.formats.delimited import comma_separated
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.formats.rows import Row, changed
from crosslift.sources.hub import HubDataset
from crosslift.sources.published import PublishedData
from crosslift.tasks.dataset import DatasetTask, choice_of

_FIELDS = ChoiceFields(
    texts={"context": "context", "question": "question"},
    choices=("answer0", "answer1", "answer2", "answer3"),
    count=4,
    answer="label",
    answers={str(index): index for index in range(4)},
    id=("id",),
)


def _from_answer0(row: Row) -> Mapping[str, Any]:
    """Some published files number the answers 1 to 4; the label counts from 0 in all of them."""
    if "answer0" in row.values or "answer4" not in row.values:
        return row.values
    return {**row.values, **{f"answer{i}": row.values.get(f"answer{i + 1}") for i in range(4)}}


COSMOS_QA = DatasetTask(
    name="cosmos-qa",
    title="Cosmos QA: the right one of four answers to a question on a story",
    form=choice_of(4, "context", "question"),
    source=PublishedData(
        files=LocalFiles(
            layouts=(
                Layout(
                    ("train.csv",),
                    ("valid.csv",),
                    changed(comma_separated, _from_answer0),
                    _FIELDS,
                    folders=("data",),
                ),
                Layout(
                    ("train.jsonl",),
                    ("valid.jsonl",),
                    changed(json_lines, _from_answer0),
                    _FIELDS,
                    folders=("data",),
                ),
            ),
            where="https://github.com/wilburOne/cosmosqa (data)",
        ),
        hub=HubDataset(
            "allenai/cosmos_qa",
            revision="ed50fe83db62b355759053b1cd5eef344ee371e0",
            fields=replace(_FIELDS, id=()),
        ),
    ),
    languages=("en",),
    licence="CC BY 4.0",
    citation="Huang, Le Bras, Bhagavatula and Choi 2019 (arXiv 1909.00277)",
    train_examples=25_588,
)
