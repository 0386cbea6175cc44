"""Universal parts of speech of the English treebanks of Universal Dependencies, pooled."""

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.formats.rows import Row, short
from crosslift.sources.hub import HubDataset
from crosslift.sources.labelled.conllu import conllu
from crosslift.sources.labelled.english import EnglishData
from crosslift.sources.labelled.shapes import EnglishFields, WordShape
from crosslift.sources.labelled.words import UPOS, TaggedWords
from crosslift.tasks.dataset import DatasetTask
from crosslift.tasks.task import FormSpec

UDPOS_FORM = FormSpec("tagging", {}, options={"tags": UPOS})
UDPOS_HUB = "google/xtreme"
UDPOS_WHERE = (
    "https://universaldependencies.org/ (ud-treebanks-v2.7.tgz), or XTREME's download script"
)
UDPOS_FOLDERS = ("ud-treebanks-v2.7", "ud-treebanks-v2.5")
udpos_table = TaggedWords(UPOS)
"""Reads XTREME's files."""


def udpos_columns(row: Row) -> dict[str, object]:
    """The columns of the hub, as `WordShape` reads them; tags are numbered there."""
    return numbered_tags(row, "pos_tags", UPOS)


def numbered_tags(row: Row, column: str, names: tuple[str, ...]) -> dict[str, object]:
    """The words and tags of a row whose tags are numbers.

    Args:
        row: with the words in ``tokens``.
        column: of the numbers, from 0.
        names: of the tags, in their order.

    Raises:
        DataError: a number that is no tag's, another number of tags than words.
    """
    words, numbers = row.value("tokens"), row.value(column)
    if len(words) != len(numbers):
        raise row.fault(f"{len(words)} words and {len(numbers)} tags", "a tag for each word")
    for number in numbers:
        if not isinstance(number, int) or not 0 <= number < len(names):
            raise row.fault(f"{column!r} holds {short(number)}", f"0 to {len(names) - 1}")
    return {"words": tuple(words), "tags": tuple(names[number] for number in numbers)}


_FIELDS = EnglishFields(WordShape())

UDPOS_ENGLISH = EnglishData(
    files=LocalFiles(
        layouts=(
            Layout(("train-en.tsv",), ("dev-en.tsv",), udpos_table, _FIELDS, folders=("udpos",)),
            Layout(
                ("UD_English-*/en_*-ud-train.conllu",),
                ("UD_English-*/en_*-ud-dev.conllu",),
                conllu,
                _FIELDS,
                folders=UDPOS_FOLDERS,
            ),
        ),
        where=UDPOS_WHERE,
    ),
    hub=HubDataset(UDPOS_HUB, "main", fields=_FIELDS, config="udpos.English", change=udpos_columns),
)

UDPOS = DatasetTask(
    name="udpos",
    title="UD-POS, English: the part of speech of each word",
    form=UDPOS_FORM,
    source=UDPOS_ENGLISH,
    languages=("en",),
    licence="those of the treebanks, mostly CC BY-SA 4.0 and CC BY-NC-SA 4.0",
    citation="Nivre et al. 2020 (arXiv 2004.10643); pooled as in Hu et al. 2020 (arXiv 2003.11080)",
    train_examples=21_253,
)
