"""Adversarial NLI, rounds 1 to 3, and ANLI+, which adds MultiNLI and SNLI."""

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.fields import PairFields
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.hub import HubDataset
from crosslift.sources.published import PublishedData, Together
from crosslift.tasks.dataset import NLI_BY_NUMBER, NLI_LABELS, DatasetTask, pair_classes
from crosslift.tasks.mnli import MNLI, MNLI_DATA
from crosslift.tasks.snli import SNLI, SNLI_DATA

_ROUNDS = ("R1", "R2", "R3")

ANLI_DATA = PublishedData(
    files=LocalFiles(
        layouts=(
            Layout(
                train=tuple(f"{name}/train.jsonl" for name in _ROUNDS),
                dev=tuple(f"{name}/dev.jsonl" for name in _ROUNDS),
                read=json_lines,
                fields=PairFields(
                    "context",
                    "hypothesis",
                    "label",
                    {"e": "entailment", "n": "neutral", "c": "contradiction"},
                    ("uid",),
                ),
                folders=("anli_v1.0",),
            ),
        ),
        where="https://dl.fbaipublicfiles.com/anli/anli_v1.0.zip",
    ),
    hub=HubDataset(
        "facebook/anli",
        revision="8e4813d81f46d313dac7892e1c28076917cfcdf9",
        fields=PairFields("premise", "hypothesis", "label", NLI_BY_NUMBER),
        train=tuple(f"train_{name.lower()}" for name in _ROUNDS),
        dev=tuple(f"dev_{name.lower()}" for name in _ROUNDS),
        config="plain_text",
    ),
)

ANLI = DatasetTask(
    name="anli",
    title="Adversarial NLI, rounds 1 to 3: entailment, neutral or contradiction",
    form=pair_classes(NLI_LABELS),
    source=ANLI_DATA,
    languages=("en",),
    licence="CC BY-NC 4.0",
    citation="Nie, Williams, Dinan, Bansal, Weston and Kiela 2020 (arXiv 1910.14599)",
    train_examples=162_865,
)

ANLI_PLUS = DatasetTask(
    name="anli-plus",
    title="ANLI, MultiNLI and SNLI together (ANLI+): entailment, neutral or contradiction",
    form=pair_classes(NLI_LABELS),
    source=Together({"anli": ANLI_DATA, "mnli": MNLI_DATA, "snli": SNLI_DATA}),
    languages=("en",),
    licence=f"ANLI: {ANLI.licence}; MultiNLI: {MNLI.licence}; SNLI: {SNLI.licence}",
    citation="Phang et al. 2020 (arXiv 2005.13013), section 2",
    train_examples=ANLI.train_examples + MNLI.train_examples + SNLI.train_examples,
)
