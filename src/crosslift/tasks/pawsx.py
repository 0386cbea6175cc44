"""PAWS-X: do two sentences with almost the same words mean the same? In 7 languages.

The English pairs are those of PAWS-Wiki. Classes are named "0" and "1", as in XTREME's files and
scorer. Examples of other languages are translations of the English ones, in the same order. A few are
missing in a language (both texts are ``NS``) or have another label there; XTREME scores them too.
Published sizes (Hu et al. 2020, arXiv 2003.11080, table 1): 49,401 English training examples, 2,000 dev
and 2,000 test examples in each language.
"""

from __future__ import annotations

from dataclasses import replace

from crosslift.sources.dataset_files import Layout
from crosslift.sources.fields import PairFields
from crosslift.sources.formats.delimited import TabSeparated
from crosslift.sources.formats.rows import Row, changed
from crosslift.sources.hub import HubDataset
from crosslift.sources.labelled.pair_tables import pairs_table
from crosslift.tasks.dataset import pair_classes
from crosslift.tasks.labelled_dataset import LabelledDataset
from crosslift.xtreme.benchmark import xtreme_task

_LANGUAGES = xtreme_task("pawsx").languages
_LABELS = ("0", "1")
"""Another meaning, the same meaning."""
_FIELDS = PairFields("text", "pair", "label", {label: label for label in _LABELS}, withheld=True)
_WITH_IDS = replace(_FIELDS, id=("id",))


def _columns(row: Row) -> dict[str, object]:
    """Renames the columns of PAWS-X's own files and of the hub to those of the fields."""
    return {
        "id": str(row.value("id")),
        "text": row.value("sentence1"),
        "pair": row.value("sentence2"),
        "label": row.value("label"),
    }


PAWSX = LabelledDataset(
    name="pawsx",
    title="PAWS-X",
    what="PAWS-X: paraphrases of almost the same words in 7 languages",
    task_title="PAWS-X, English: paraphrase or not, of almost the same words",
    languages=_LANGUAGES,
    form=pair_classes(_LABELS),
    metric="accuracy",
    layouts=(
        Layout(
            train=("train-{language}.tsv",),
            dev=("dev-{language}.tsv",),
            test=("test-{language}.tsv",),
            read=pairs_table,
            fields=_FIELDS,
            folders=("pawsx",),
        ),
        Layout(
            train=("{language}/train.tsv",),
            dev=("{language}/dev_2k.tsv",),
            test=("{language}/test_2k.tsv",),
            read=changed(TabSeparated(), _columns),
            fields=_WITH_IDS,
            folders=("x-final", "pawsx/x-final"),
        ),
    ),
    hub=HubDataset(
        "google-research-datasets/paws-x",
        revision="4cd8187c404bda33cb1f62b49b001115862acf37",
        fields=_WITH_IDS,
        configs={code: code for code in _LANGUAGES},
        test=("test",),
        change=_columns,
    ),
    where="https://github.com/google-research-datasets/paws/tree/master/pawsx (x-final.tar.gz)",
    dev="own",
    dev_name="PAWS-X's English dev examples",
    licence="free for any purpose, with acknowledgement of Google LLC",
    citation="Yang, Zhang, Tar and Baldridge 2019 (arXiv 1908.11828)",
    train_examples=49_401,
)
