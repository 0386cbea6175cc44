"""XNLI: does a premise entail a hypothesis, in 15 languages; trained on MultiNLI.

The examples are human translations of English ones: those at one position are the same in every
language. Published sizes (Hu et al. 2020, arXiv 2003.11080, table 1): 392,702 English training
examples, 2,490 dev and 5,010 test examples in each language.
"""

from __future__ import annotations

from dataclasses import replace

from crosslift.sources.dataset_files import Layout
from crosslift.sources.fields import PairFields
from crosslift.sources.formats.delimited import TabSeparated
from crosslift.sources.formats.rows import Row, changed
from crosslift.sources.hub import HubDataset
from crosslift.sources.labelled.english import EnglishData
from crosslift.sources.labelled.pair_tables import pairs_table
from crosslift.tasks.dataset import NLI_BY_NUMBER, NLI_LABELS, pair_classes
from crosslift.tasks.labelled_dataset import LabelledDataset
from crosslift.tasks.mnli import MNLI_DATA
from crosslift.xtreme.benchmark import xtreme_task

_LANGUAGES = xtreme_task("xnli").languages
_FIELDS = PairFields("text", "pair", "label", {label: label for label in NLI_LABELS}, withheld=True)


def _own_columns(row: Row) -> dict[str, object]:
    texts = {"text": row.value("sentence1"), "pair": row.value("sentence2")}
    return {"language": row.value("language"), "label": row.value("gold_label"), **texts}


def _hub_columns(row: Row) -> dict[str, object]:
    texts = {"text": row.value("premise"), "pair": row.value("hypothesis")}
    return {"label": row.value("label"), **texts}


def _language(row: Row) -> str:
    return str(row.value("language"))


XNLI = LabelledDataset(
    name="xnli",
    title="XNLI",
    what="XNLI: natural language inference in 15 languages, fine-tuned on MultiNLI",
    languages=_LANGUAGES,
    form=pair_classes(NLI_LABELS),
    metric="accuracy",
    layouts=(
        Layout(
            train=("train-{language}.tsv",),
            dev=("dev-{language}.tsv",),
            test=("test-{language}.tsv",),
            read=pairs_table,
            fields=_FIELDS,
            folders=("xnli",),
        ),
        Layout(
            train=(),
            dev=("xnli.dev.tsv",),
            test=("xnli.test.tsv",),
            read=changed(TabSeparated(), _own_columns),
            fields=_FIELDS,
            folders=("XNLI-1.0", "xnli/XNLI-1.0"),
            language_of=_language,
        ),
    ),
    hub=HubDataset(
        "facebook/xnli",
        revision="b8dd5d7af51114dbda02c0e3f6133f332186418e",
        fields=replace(_FIELDS, labels=NLI_BY_NUMBER),
        configs={code: code for code in _LANGUAGES},
        test=("test",),
        change=_hub_columns,
    ),
    where="https://dl.fbaipublicfiles.com/XNLI/XNLI-1.0.zip, or XTREME's download script",
    other_english=EnglishData(
        files=replace(
            MNLI_DATA.files,
            layouts=(
                Layout(("train-en.tsv",), (), pairs_table, _FIELDS, ("xnli",)),
                *MNLI_DATA.files.layouts,
            ),
        ),
        hub=MNLI_DATA.hub,
    ),
    dev="own",
    dev_name="XNLI's English dev examples",
    licence="CC BY-NC 4.0",
    citation="Conneau et al. 2018 (arXiv 1809.05053)",
)
