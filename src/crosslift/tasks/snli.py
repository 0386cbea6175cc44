"""SNLI: does an image caption entail a hypothesis? Rows without a gold label are left out."""

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.fields import PairFields
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.hub import HubDataset
from crosslift.sources.published import PublishedData
from crosslift.tasks.dataset import NLI_BY_NUMBER, NLI_LABELS, DatasetTask, pair_classes

SNLI_DATA = PublishedData(
    files=LocalFiles(
        layouts=(
            Layout(
                train=("snli_1.0_train.jsonl",),
                dev=("snli_1.0_dev.jsonl",),
                read=json_lines,
                fields=PairFields(
                    "sentence1",
                    "sentence2",
                    "gold_label",
                    {**{label: label for label in NLI_LABELS}, "-": None},
                    ("pairID",),
                ),
                folders=("snli_1.0",),
            ),
        ),
        where="https://nlp.stanford.edu/projects/snli/ (snli_1.0.zip)",
    ),
    hub=HubDataset(
        "stanfordnlp/snli",
        revision="cdb5c3d5eed6ead6e5a341c8e56e669bb666725b",
        fields=PairFields("premise", "hypothesis", "label", {**NLI_BY_NUMBER, "-1": None}),
        config="plain_text",
    ),
)

SNLI = DatasetTask(
    name="snli",
    title="SNLI: entailment, neutral or contradiction of image captions",
    form=pair_classes(NLI_LABELS),
    source=SNLI_DATA,
    languages=("en",),
    licence="CC BY-SA 4.0",
    citation="Bowman, Angeli, Potts and Manning 2015 (arXiv 1508.05326)",
    train_examples=549_367,
)
