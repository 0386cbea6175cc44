"""Counterfactually augmented SNLI: pairs of SNLI and their revisions to another label.

It is small (8,330 pairs), and each premise occurs with several labels. It is read from files only.
"""

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.fields import PairFields
from crosslift.sources.formats.delimited import TabSeparated
from crosslift.sources.published import PublishedData
from crosslift.tasks.dataset import NLI_LABELS, DatasetTask, pair_classes

SNLI_CAD_DATA = PublishedData(
    files=LocalFiles(
        layouts=(
            Layout(
                train=("train.tsv",),
                dev=("dev.tsv",),
                read=TabSeparated(),
                fields=PairFields(
                    "sentence1", "sentence2", "gold_label", {label: label for label in NLI_LABELS}
                ),
                folders=("all_combined", "NLI/all_combined"),
            ),
        ),
        where="https://github.com/acmi-lab/counterfactually-augmented-data (NLI/all_combined)",
    ),
)

SNLI_CAD = DatasetTask(
    name="snli-cad",
    title="counterfactually augmented SNLI: entailment, neutral or contradiction",
    form=pair_classes(NLI_LABELS),
    source=SNLI_CAD_DATA,
    languages=("en",),
    licence="SNLI's texts: CC BY-SA 4.0; their revisions: see the publishers' repository",
    citation="Kaushik, Hovy and Lipton 2020 (arXiv 1909.12434)",
    train_examples=8_330,
)
