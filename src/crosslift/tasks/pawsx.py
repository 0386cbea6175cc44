"""PAWS-X's English part: do two sentences of almost the same words mean the same.

The pairs are those of PAWS-Wiki; classes are named "0" and "1" as XTREME's files and scorer have them.
"""

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.formats.delimited import TabSeparated
from crosslift.sources.formats.rows import Row, changed
from crosslift.sources.hub import HubDataset
from crosslift.sources.labelled.english import EnglishData
from crosslift.sources.labelled.pairs import pairs_table
from crosslift.sources.labelled.shapes import EnglishFields, PairShape
from crosslift.tasks.dataset import DatasetTask, pair_classes

PAWSX_LABELS = ("0", "1")
"""Another meaning, the same meaning."""
PAWSX_SHAPE = PairShape({label: label for label in PAWSX_LABELS})
PAWSX_HUB = "google-research-datasets/paws-x"
PAWSX_REVISION = "4cd8187c404bda33cb1f62b49b001115862acf37"
PAWSX_WHERE = "https://github.com/google-research-datasets/paws/tree/master/pawsx (x-final.tar.gz)"


def pawsx_columns(row: Row) -> dict[str, object]:
    """The columns of PAWS-X's own files and of the hub, as `PairShape` reads them."""
    return {
        "id": str(row.value("id")),
        "text": row.value("sentence1"),
        "pair": row.value("sentence2"),
        "label": row.value("label"),
    }


pawsx_table = changed(TabSeparated(), pawsx_columns)
"""Reads PAWS-X's own files."""

_FIELDS = EnglishFields(PAWSX_SHAPE)

PAWSX_ENGLISH = EnglishData(
    files=LocalFiles(
        layouts=(
            Layout(("train-en.tsv",), ("dev-en.tsv",), pairs_table, _FIELDS, folders=("pawsx",)),
            Layout(
                ("en/train.tsv",),
                ("en/dev_2k.tsv",),
                pawsx_table,
                _FIELDS,
                folders=("x-final", "pawsx/x-final"),
            ),
        ),
        where=PAWSX_WHERE,
    ),
    hub=HubDataset(PAWSX_HUB, PAWSX_REVISION, fields=_FIELDS, config="en", change=pawsx_columns),
)

PAWSX = DatasetTask(
    name="pawsx",
    title="PAWS-X, English: paraphrase or not, of almost the same words",
    form=pair_classes(PAWSX_LABELS),
    source=PAWSX_ENGLISH,
    languages=("en",),
    licence="free for any purpose, with acknowledgement of Google LLC",
    citation="Yang, Zhang, Tar and Baldridge 2019 (arXiv 1908.11828)",
    train_examples=49_401,
)
