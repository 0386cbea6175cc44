"""XNLI: does a premise entail a hypothesis, in 15 languages; trained on MultiNLI.

The examples are human translations of English ones: those of one place are the same in every language.
Published sizes (Hu et al. 2020, arXiv 2003.11080, table 1): 392,702 English training examples, 2,490
dev and 5,010 test examples in each language.
"""

from __future__ import annotations

from dataclasses import replace

from crosslift.sources.dataset_files import Layout
from crosslift.sources.formats.delimited import TabSeparated
from crosslift.sources.formats.rows import Row, changed
from crosslift.sources.labelled.english import EnglishData
from crosslift.sources.labelled.pairs import pairs_table
from crosslift.sources.labelled.parts import FileOfLanguages, FilePerLanguage, HubParts
from crosslift.sources.labelled.shapes import EnglishFields, PairShape
from crosslift.targets.labelled import LabelledSet, labelled_target
from crosslift.tasks.dataset import NLI_BY_NUMBER, NLI_LABELS, pair_classes
from crosslift.tasks.mnli import MNLI_DATA
from crosslift.xtreme.benchmark import xtreme_task

XNLI_15 = xtreme_task("xnli").languages

_BY_NAME = PairShape({label: label for label in NLI_LABELS})
_BY_NUMBER = PairShape(NLI_BY_NUMBER)


def _own_columns(row: Row) -> dict[str, object]:
    texts = {"text": row.value("sentence1"), "pair": row.value("sentence2")}
    return {"language": row.value("language"), "label": row.value("gold_label"), **texts}


def _hub_columns(row: Row) -> dict[str, object]:
    texts = {"text": row.value("premise"), "pair": row.value("hypothesis")}
    return {"label": row.value("label"), **texts}


_ENGLISH = EnglishData(
    files=replace(
        MNLI_DATA.files,
        layouts=(
            Layout(("train-en.tsv",), (), pairs_table, EnglishFields(_BY_NAME), folders=("xnli",)),
            *MNLI_DATA.files.layouts,
        ),
    ),
    hub=MNLI_DATA.hub,
    setting="english",
)

XNLI = labelled_target(
    LabelledSet(
        name="xnli",
        title="XNLI",
        what="XNLI: natural language inference in 15 languages, fine-tuned on MultiNLI",
        languages=XNLI_15,
        form=pair_classes(NLI_LABELS),
        metric="accuracy",
        layouts=(
            FilePerLanguage(
                {"dev": ("dev-{language}.tsv",), "test": ("test-{language}.tsv",)},
                pairs_table,
                _BY_NAME,
                ("", "xnli"),
            ),
            FileOfLanguages(
                {"dev": ("xnli.dev.tsv",), "test": ("xnli.test.tsv",)},
                changed(TabSeparated(), _own_columns),
                _BY_NAME,
                lambda row: str(row.value("language")),
                ("", "XNLI-1.0", "xnli/XNLI-1.0"),
            ),
        ),
        hub=HubParts(
            "facebook/xnli",
            "b8dd5d7af51114dbda02c0e3f6133f332186418e",
            {code: code for code in XNLI_15},
            {"dev": "validation", "test": "test"},
            _BY_NUMBER,
            _hub_columns,
        ),
        where="https://dl.fbaipublicfiles.com/XNLI/XNLI-1.0.zip, or XTREME's download script",
        english=_ENGLISH,
        dev="own",
        dev_name="XNLI's English dev examples",
        licence="CC BY-NC 4.0",
        citation="Conneau et al. 2018 (arXiv 1809.05053)",
    )
)
