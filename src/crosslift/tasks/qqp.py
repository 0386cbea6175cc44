"""Quora question pairs, in the split of GLUE: do two questions ask the same?

Some rows of GLUE's training file are broken by a line end inside a question, and some questions of
Quora's data are empty. Such rows are left out and counted.
"""

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.fields import PairFields
from crosslift.sources.formats.delimited import TabSeparated
from crosslift.sources.hub import HubDataset
from crosslift.sources.published import PublishedData
from crosslift.tasks.dataset import DatasetTask, pair_classes

_LABELS = ("not-duplicate", "duplicate")
_BY_NUMBER = {"0": "not-duplicate", "1": "duplicate"}

QQP = DatasetTask(
    name="qqp",
    title="Quora question pairs: the same question or not",
    form=pair_classes(_LABELS),
    source=PublishedData(
        files=LocalFiles(
            layouts=(
                Layout(
                    train=("train.tsv",),
                    dev=("dev.tsv",),
                    read=TabSeparated(broken_rows=True),
                    fields=PairFields(
                        "question1", "question2", "is_duplicate", _BY_NUMBER, ("id",), True
                    ),
                    folders=("QQP",),
                ),
            ),
            where="https://gluebenchmark.com/tasks (QQP)",
        ),
        hub=HubDataset(
            "nyu-mll/glue",
            revision="bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c",
            fields=PairFields("question1", "question2", "label", _BY_NUMBER, empty=True),
            config="qqp",
        ),
    ),
    languages=("en",),
    licence="Quora's terms of service: not for commercial use",
    citation="Iyer, Dandekar and Csernai 2017; split: Wang et al. 2018 (arXiv 1804.07461)",
    train_examples=363_846,
)
