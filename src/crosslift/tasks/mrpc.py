"""Microsoft Research paraphrase corpus: do two sentences from the news mean the same?

There is a published training file of 4,076 pairs, and no dev file. GLUE uses 408 of the 4,076 as dev,
and so does the hub's copy.
"""

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.fields import PairFields
from crosslift.sources.formats.delimited import TabSeparated
from crosslift.sources.hub import HubDataset
from crosslift.sources.published import PublishedData
from crosslift.tasks.dataset import DatasetTask, pair_classes

_BY_NUMBER = {"0": "not-equivalent", "1": "equivalent"}
_READ = TabSeparated()
_FIELDS = PairFields("#1 String", "#2 String", "Quality", _BY_NUMBER, ("#1 ID", "#2 ID"))

MRPC = DatasetTask(
    name="mrpc",
    title="Microsoft Research paraphrase corpus: the same meaning or not",
    form=pair_classes(("not-equivalent", "equivalent")),
    source=PublishedData(
        files=LocalFiles(
            layouts=(
                Layout(("msr-para-train.tsv",), ("msr-para-val.tsv",), _READ, _FIELDS, ("MRPC",)),
                Layout(("msr_paraphrase_train.txt",), (), _READ, _FIELDS),
                Layout(("train.tsv",), ("dev.tsv",), _READ, _FIELDS, ("MRPC",)),
            ),
            where="https://www.microsoft.com/en-us/download/details.aspx?id=52398",
        ),
        hub=HubDataset(
            "nyu-mll/glue",
            revision="bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c",
            fields=PairFields("sentence1", "sentence2", "label", _BY_NUMBER),
            config="mrpc",
        ),
    ),
    languages=("en",),
    licence="Microsoft Research licence (comes with the download)",
    citation="Dolan and Brockett 2005 (IWP)",
    train_examples=4_076,
)
