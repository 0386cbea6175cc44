"""CommonsenseQA 1.11, random split: common-sense questions with five answers to choose from."""

from collections.abc import Mapping
from typing import Any

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.fields import ChoiceFields
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.formats.rows import Row, changed, short
from crosslift.sources.hub import HubDataset
from crosslift.sources.published import PublishedData
from crosslift.tasks.dataset import DatasetTask, choice_of

_LETTERS = "ABCDE"


def _fields(question: str, *name: str) -> ChoiceFields:
    return ChoiceFields(
        texts={"question": question},
        choices="texts",
        count=5,
        answer="answerKey",
        answers={letter: index for index, letter in enumerate(_LETTERS)},
        id=name,
    )


def _of_file(row: Row) -> Mapping[str, Any]:
    """The file's ``question`` is an object: ``stem``, and ``choices``, a list of label and text."""
    question = row.value("question")
    if not isinstance(question, dict) or not isinstance(question.get("choices"), list):
        raise row.fault(f"'question' holds {short(question)}", "an object of stem and choices")
    choices = {c.get("label"): c.get("text") for c in question["choices"] if isinstance(c, dict)}
    return {**row.values, "stem": question.get("stem"), "texts": _in_order(row, choices)}


def _of_hub(row: Row) -> Mapping[str, Any]:
    """The hub's ``choices`` are two lists, of labels and of texts."""
    choices = row.value("choices")
    by_label = dict(zip(choices["label"], choices["text"], strict=True))
    return {**row.values, "texts": _in_order(row, by_label)}


def _in_order(row: Row, choices: Mapping[Any, Any]) -> list[Any]:
    if sorted(map(str, choices)) != list(_LETTERS):
        raise row.fault(f"choices {', '.join(map(str, choices))}", f"one each of {_LETTERS}")
    return [choices[letter] for letter in _LETTERS]


COMMONSENSE_QA = DatasetTask(
    name="commonsense-qa",
    title="CommonsenseQA: the right one of five answers",
    form=choice_of(5, "question"),
    source=PublishedData(
        files=LocalFiles(
            layouts=(
                Layout(
                    ("train_rand_split.jsonl",),
                    ("dev_rand_split.jsonl",),
                    changed(json_lines, _of_file),
                    _fields("stem", "id"),
                ),
            ),
            where="https://www.tau-nlp.org/commonsenseqa",
        ),
        hub=HubDataset(
            "tau/commonsense_qa",
            revision="94630fe30dad47192a8546eb75f094926d47e155",
            fields=_fields("question"),
            change=_of_hub,
        ),
    ),
    languages=("en",),
    licence="MIT",
    citation="Talmor, Herzig, Lourie and Berant 2019 (arXiv 1811.00937)",
    train_examples=9_741,
)
