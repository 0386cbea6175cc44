"""WikiANN's English part (PAN-X in XTREME): persons, organisations and places in Wikipedia."""

from crosslift.sources.dataset_files import Layout, LocalFiles
from crosslift.sources.formats.rows import Row
from crosslift.sources.hub import HubDataset
from crosslift.sources.labelled.english import EnglishData
from crosslift.sources.labelled.shapes import EnglishFields, WordShape
from crosslift.sources.labelled.words import ENTITIES, TaggedWords
from crosslift.tasks.dataset import DatasetTask
from crosslift.tasks.task import FormSpec
from crosslift.tasks.udpos import numbered_tags

PANX_FORM = FormSpec("tagging", {}, options={"tags": ENTITIES})
PANX_HUB = "unimelb-nlp/wikiann"
PANX_REVISION = "f0a3be6dc5564c0cc4150bb660144800a1f539d4"
PANX_WHERE = "https://github.com/afshinrahimi/mmner (panx_dataset), or XTREME's download script"
panx_table = TaggedWords(ENTITIES)
"""Reads XTREME's files."""
wikiann_table = TaggedWords(ENTITIES, prefixed=True)
"""Reads WikiANN's own files."""

_LEAST_ENGLISH = 0.7
_NUMBERED = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
_FIELDS = EnglishFields(WordShape())


def panx_columns(row: Row) -> dict[str, object]:
    """The columns of the hub, as `WordShape` reads them; tags are numbered there."""
    return numbered_tags(row, "ner_tags", _NUMBERED)


PANX_ENGLISH = EnglishData(
    files=LocalFiles(
        layouts=(
            Layout(("train-en.tsv",), ("dev-en.tsv",), panx_table, _FIELDS, folders=("panx",)),
            Layout(
                ("en/train",),
                ("en/dev",),
                wikiann_table,
                _FIELDS,
                folders=("panx_dataset", "panx"),
            ),
        ),
        where=PANX_WHERE,
    ),
    hub=HubDataset(PANX_HUB, PANX_REVISION, fields=_FIELDS, config="en", change=panx_columns),
    least=_LEAST_ENGLISH,
)

PANX = DatasetTask(
    name="panx",
    title="WikiANN NER, English: persons, organisations and places",
    form=PANX_FORM,
    source=PANX_ENGLISH,
    languages=("en",),
    licence="not stated; text of Wikipedia",
    citation="Pan et al. 2017 (ACL P17-1178); split as in Rahimi, Li and Cohn 2019 (arXiv 1902.00193)",
    train_examples=20_000,
)
