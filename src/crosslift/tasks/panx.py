"""WikiANN (PAN-X in XTREME): persons, organisations and places in 40 languages of Wikipedia.

Labels are projected from links, not annotated by hand. Published sizes (Hu et al. 2020, arXiv
2003.11080, table 1): 20,000 English training, 10,000 English dev and 1,000 to 10,000 test sentences.
"""

from __future__ import annotations

from crosslift.sources.dataset_files import Layout
from crosslift.sources.fields import TagFields
from crosslift.sources.formats.rows import Row
from crosslift.sources.hub import HubDataset
from crosslift.sources.labelled.words import ENTITIES, TaggedWords, numbered_tags
from crosslift.tasks.dataset import tags_of_words
from crosslift.tasks.labelled_dataset import LabelledDataset
from crosslift.xtreme.benchmark import xtreme_task

_LANGUAGES = xtreme_task("panx").languages
_NUMBERED = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")


def _hub_columns(row: Row) -> dict[str, object]:
    return numbered_tags(row, "ner_tags", _NUMBERED)


PANX = LabelledDataset(
    name="panx",
    title="WikiANN NER",
    what="WikiANN (PAN-X): persons, organisations and places in 40 languages",
    task_title="WikiANN NER, English: persons, organisations and places",
    languages=_LANGUAGES,
    form=tags_of_words(ENTITIES),
    metric="entity_f1",
    layouts=(
        Layout(
            train=("train-{language}.tsv",),
            dev=("dev-{language}.tsv",),
            test=("test-{language}.tsv",),
            read=TaggedWords(ENTITIES),
            fields=TagFields(),
            folders=("panx",),
        ),
        Layout(
            train=("{language}/train",),
            dev=("{language}/dev",),
            test=("{language}/test",),
            read=TaggedWords(ENTITIES, prefixed=True),
            fields=TagFields(),
            folders=("panx_dataset", "panx"),
        ),
    ),
    hub=HubDataset(
        "unimelb-nlp/wikiann",
        revision="f0a3be6dc5564c0cc4150bb660144800a1f539d4",
        fields=TagFields(),
        configs={code: code for code in _LANGUAGES},
        test=("test",),
        change=_hub_columns,
    ),
    where="https://github.com/afshinrahimi/mmner (panx_dataset), or XTREME's download script",
    least_english=0.7,
    dev="own",
    dev_name="the English dev sentences",
    licence="not stated; text of Wikipedia",
    citation="Pan et al. 2017 (ACL P17-1178); split as in Rahimi, Li and Cohn 2019 (arXiv 1902.00193)",
    train_examples=20_000,
)
