"""SQuAD 1.1 and 2.0: the span of a Wikipedia paragraph that answers a question.

The dev file is only used as dev, never for training: XQuAD's questions are from it.
"""

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.fields import SpanFields
from crosslift.sources.formats.squad_json import squad_json
from crosslift.sources.hub import HubDataset
from crosslift.sources.published import PublishedData
from crosslift.tasks.dataset import DatasetTask, span_of_passage

_WHERE = "https://rajpurkar.github.io/SQuAD-explorer/"


SQUAD_DATA = PublishedData(
    files=LocalFiles(
        layouts=(Layout(("train-v1.1.json",), ("dev-v1.1.json",), squad_json, SpanFields()),),
        where=_WHERE,
    ),
    hub=HubDataset(
        "rajpurkar/squad",
        revision="7b6d24c440a36b6815f21b70d25016731768db1f",
        fields=SpanFields(),
        config="plain_text",
    ),
)

SQUAD_1 = DatasetTask(
    name="squad-1.1",
    title="SQuAD 1.1: where in a passage a question is answered",
    form=span_of_passage(unanswerable=False),
    source=SQUAD_DATA,
    languages=("en",),
    licence="CC BY-SA 4.0",
    citation="Rajpurkar, Zhang, Lopyrev and Liang 2016 (arXiv 1606.05250)",
    train_examples=87_599,
)

SQUAD_2 = DatasetTask(
    name="squad-2.0",
    title="SQuAD 2.0: where in a passage a question is answered, if it is",
    form=span_of_passage(unanswerable=True),
    source=PublishedData(
        files=LocalFiles(
            layouts=(
                Layout(("train-v2.0.json",), ("dev-v2.0.json",), squad_json, SpanFields(True)),
            ),
            where=_WHERE,
        ),
        hub=HubDataset(
            "rajpurkar/squad_v2",
            revision="3ffb306f725f7d2ce8394bc1873b24868140c412",
            fields=SpanFields(True),
            config="squad_v2",
        ),
    ),
    languages=("en",),
    licence="CC BY-SA 4.0",
    citation="Rajpurkar, Jia and Liang 2018 (arXiv 1806.03822)",
    train_examples=130_319,
)
