"""Social IQa: questions on how people act and feel, with three answers to choose from.

The hub's revision is its conversion to data files (the main branch contains a script).
"""

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.fields import ChoiceFields
from crosslift.sources.formats.json_lines import LABELS, json_lines, labelled_json_lines
from crosslift.sources.hub import HubDataset
from crosslift.sources.published import PublishedData
from crosslift.tasks.dataset import DatasetTask, choice_of


def _fields(answer: str, answers: str) -> ChoiceFields:
    return ChoiceFields(
        texts={"context": "context", "question": "question"},
        choices=("answerA", "answerB", "answerC"),
        count=3,
        answer=answer,
        answers={name: index for index, name in enumerate(answers)},
    )


SOCIAL_IQA_DATA = PublishedData(
    files=LocalFiles(
        layouts=(
            Layout(
                ("socialIQa_v1.4_trn.jsonl",),
                ("socialIQa_v1.4_dev.jsonl",),
                json_lines,
                _fields("correct", "ABC"),
            ),
            Layout(
                ("train.jsonl",),
                ("dev.jsonl",),
                labelled_json_lines,
                _fields("label", "123"),
                folders=("socialiqa-train-dev",),
                beside=LABELS,
            ),
        ),
        where="https://storage.googleapis.com/ai2-mosaic/public/socialiqa/socialiqa-train-dev.zip",
    ),
    hub=HubDataset(
        "allenai/social_i_qa",
        revision="537a2ec8ec565adc0b70b70752893e59e024df26",
        fields=_fields("label", "123"),
    ),
)

SOCIAL_IQA = DatasetTask(
    name="social-iqa",
    title="Social IQa: the right one of three answers on how people act",
    form=choice_of(3, "context", "question"),
    source=SOCIAL_IQA_DATA,
    languages=("en",),
    licence="CC BY 4.0",
    citation="Sap, Rashkin, Chen, Le Bras and Choi 2019 (arXiv 1904.09728)",
    train_examples=33_410,
)
