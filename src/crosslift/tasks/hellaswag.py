"""HellaSwag: which of four endings continues the description of an event.

Its files have no id that is declared to be unique: the id of a record is its row.
"""

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.fields import ChoiceFields
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.hub import HubDataset
from crosslift.sources.published import PublishedData
from crosslift.tasks.dataset import DatasetTask, choice_of

_FIELDS = ChoiceFields(
    texts={"context": "ctx"},
    choices="endings",
    count=4,
    answer="label",
    answers={str(index): index for index in range(4)},
)

HELLASWAG = DatasetTask(
    name="hellaswag",
    title="HellaSwag: the right one of four endings",
    form=choice_of(4, "context"),
    source=PublishedData(
        files=LocalFiles(
            layouts=(
                Layout(
                    ("hellaswag_train.jsonl",),
                    ("hellaswag_val.jsonl",),
                    json_lines,
                    _FIELDS,
                    folders=("data",),
                ),
            ),
            where="https://github.com/rowanz/hellaswag (data)",
        ),
        hub=HubDataset(
            "Rowan/hellaswag",
            revision="218ec52e09a7e7462a5400043bb9a69a41d06b76",
            fields=_FIELDS,
        ),
    ),
    languages=("en",),
    licence="MIT",
    citation="Zellers, Holtzman, Bisk, Farhadi and Choi 2019 (arXiv 1905.07830)",
    train_examples=39_905,
)
