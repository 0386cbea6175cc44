"""MultiNLI: does a premise entail a hypothesis, in ten genres of English."""

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.fields import PairFields
from crosslift.sources.formats.delimited import TabSeparated
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.hub import HubDataset
from crosslift.sources.published import PublishedData
from crosslift.tasks.dataset import NLI_BY_NUMBER, NLI_LABELS, DatasetTask, pair_classes

_OWN = {label: label for label in NLI_LABELS}
_XNLI = {"entailment": "entailment", "neutral": "neutral", "contradictory": "contradiction"}

MNLI_DATA = PublishedData(
    files=LocalFiles(
        layouts=(
            Layout(
                train=("multinli_1.0_train.jsonl",),
                dev=("multinli_1.0_dev_matched.jsonl",),
                read=json_lines,
                fields=PairFields(
                    "sentence1", "sentence2", "gold_label", {**_OWN, "-": None}, ("pairID",)
                ),
                folders=("multinli_1.0",),
            ),
            Layout(
                train=("multinli.train.en.tsv",),
                dev=(),
                read=TabSeparated(),
                fields=PairFields("premise", "hypo", "label", {**_OWN, **_XNLI}),
                folders=("multinli", "XNLI-MT-1.0/multinli"),
            ),
        ),
        where="https://cims.nyu.edu/~sbowman/multinli/ (multinli_1.0.zip)",
    ),
    hub=HubDataset(
        "nyu-mll/multi_nli",
        revision="da70db2af9d09693783c3320c4249840212ee221",
        fields=PairFields("premise", "hypothesis", "label", NLI_BY_NUMBER),
        dev=("validation_matched",),
    ),
)
"""The English training file of XNLI (which calls contradiction ``contradictory``) has no dev records:
XNLI's dev texts belong to a target."""

MNLI = DatasetTask(
    name="mnli",
    title="MultiNLI: entailment, neutral or contradiction",
    form=pair_classes(NLI_LABELS),
    source=MNLI_DATA,
    languages=("en",),
    licence="OANC; fiction: CC BY 3.0, CC BY-SA 3.0 and public domain",
    citation="Williams, Nangia and Bowman 2018 (arXiv 1704.05426)",
    train_examples=392_702,
)
