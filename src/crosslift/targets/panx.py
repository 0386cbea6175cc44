"""WikiANN (PAN-X in XTREME): persons, organisations and places in 40 languages of Wikipedia.

Labels were projected from links, not made by hand. Published sizes (Hu et al. 2020, arXiv 2003.11080,
table 1): 20,000 English training, 10,000 English dev and 1,000 to 10,000 test sentences.
"""

from __future__ import annotations

from dataclasses import replace

from crosslift.sources.labelled.parts import FilePerLanguage, HubParts
from crosslift.sources.labelled.shapes import WordShape
from crosslift.targets.labelled import LabelledSet, labelled_target
from crosslift.tasks.panx import PANX as TASK
from crosslift.tasks.panx import (
    PANX_ENGLISH,
    PANX_HUB,
    PANX_REVISION,
    PANX_WHERE,
    panx_columns,
    panx_table,
    wikiann_table,
)
from crosslift.xtreme.benchmark import xtreme_task

PANX_40 = xtreme_task("panx").languages

PANX = labelled_target(
    LabelledSet(
        name="panx",
        title="WikiANN NER",
        what="WikiANN (PAN-X): persons, organisations and places in 40 languages",
        languages=PANX_40,
        form=TASK.form,
        metric="entity_f1",
        layouts=(
            FilePerLanguage(
                {"dev": ("dev-{language}.tsv",), "test": ("test-{language}.tsv",)},
                panx_table,
                WordShape(),
                ("", "panx"),
            ),
            FilePerLanguage(
                {"dev": ("{language}/dev",), "test": ("{language}/test",)},
                wikiann_table,
                WordShape(),
                ("", "panx_dataset", "panx"),
            ),
        ),
        hub=HubParts(
            PANX_HUB,
            PANX_REVISION,
            {code: code for code in PANX_40},
            {"dev": "validation", "test": "test"},
            WordShape(),
            panx_columns,
        ),
        where=PANX_WHERE,
        english=replace(PANX_ENGLISH, setting="english"),
        dev="own",
        dev_name="the English dev sentences",
        licence=TASK.licence,
        citation=TASK.citation,
    )
)
