"""PAWS-X: do two sentences of almost the same words mean the same, in 7 languages.

The examples are translations of English ones, place by place; a few are missing in a language (both
texts are ``NS``) or are labelled otherwise there, and XTREME scores them all the same. Published sizes
(Hu et al. 2020, arXiv 2003.11080, table 1): 49,401 English training examples, 2,000 dev and 2,000 test
examples in each language.
"""

from __future__ import annotations

from dataclasses import replace

from crosslift.sources.labelled.pairs import pairs_table
from crosslift.sources.labelled.parts import FilePerLanguage, HubParts
from crosslift.targets.labelled import LabelledSet, labelled_target
from crosslift.tasks.pawsx import PAWSX as TASK
from crosslift.tasks.pawsx import (
    PAWSX_ENGLISH,
    PAWSX_HUB,
    PAWSX_REVISION,
    PAWSX_SHAPE,
    PAWSX_WHERE,
    pawsx_columns,
    pawsx_table,
)
from crosslift.xtreme.benchmark import xtreme_task

PAWSX_7 = xtreme_task("pawsx").languages

PAWSX = labelled_target(
    LabelledSet(
        name="pawsx",
        title="PAWS-X",
        what="PAWS-X: paraphrases of almost the same words in 7 languages",
        languages=PAWSX_7,
        form=TASK.form,
        metric="accuracy",
        layouts=(
            FilePerLanguage(
                {"dev": ("dev-{language}.tsv",), "test": ("test-{language}.tsv",)},
                pairs_table,
                PAWSX_SHAPE,
                ("", "pawsx"),
            ),
            FilePerLanguage(
                {"dev": ("{language}/dev_2k.tsv",), "test": ("{language}/test_2k.tsv",)},
                pawsx_table,
                PAWSX_SHAPE,
                ("", "x-final", "pawsx/x-final"),
            ),
        ),
        hub=HubParts(
            PAWSX_HUB,
            PAWSX_REVISION,
            {code: code for code in PAWSX_7},
            {"dev": "validation", "test": "test"},
            PAWSX_SHAPE,
            pawsx_columns,
        ),
        where=PAWSX_WHERE,
        english=replace(PAWSX_ENGLISH, setting="english"),
        dev="own",
        dev_name="PAWS-X's English dev examples",
        licence=TASK.licence,
        citation=TASK.citation,
    )
)
