"""PAWS-Wiki, labeled final: do two sentences with almost the same words mean the same?"""

from dataclasses import replace

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.fields import PairFields
from crosslift.sources.formats.delimited import TabSeparated
from crosslift.sources.hub import HubDataset
from crosslift.sources.published import PublishedData
from crosslift.tasks.dataset import DatasetTask, pair_classes

_FIELDS = PairFields(
    "sentence1", "sentence2", "label", {"0": "not-paraphrase", "1": "paraphrase"}, ("id",)
)

PAWS = DatasetTask(
    name="paws",
    title="PAWS-Wiki: paraphrase or not, of almost the same words",
    form=pair_classes(("not-paraphrase", "paraphrase")),
    source=PublishedData(
        files=LocalFiles(
            layouts=(
                Layout(("train.tsv",), ("dev.tsv",), TabSeparated(), _FIELDS, folders=("final",)),
            ),
            where="https://github.com/google-research-datasets/paws (PAWS-Wiki, labeled final)",
        ),
        hub=HubDataset(
            "google-research-datasets/paws",
            revision="161ece9501cf0a11f3e48bd356eaa82de46d6a09",
            fields=replace(_FIELDS, id=()),
            config="labeled_final",
        ),
    ),
    languages=("en",),
    licence="free for any purpose, with acknowledgement of Google LLC",
    citation="Zhang, Baldridge and He 2019 (arXiv 1904.01130)",
    train_examples=49_401,
)
