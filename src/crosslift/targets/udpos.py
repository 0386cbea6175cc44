"""UD-POS: the part of speech of each word in 33 languages of Universal Dependencies.

The treebanks of a language are pooled, as XTREME does. Its scorer reads chunks into the tags, so that
its F1 is not that of single words: see `tag_f1`. Published sizes (Hu et al. 2020, arXiv 2003.11080,
table 1): 21,253 English training, 3,974 English dev and 47 to 20,436 test sentences. How ranges of
words in CoNLL-U are read, and where that differs from XTREME's files: see
`crosslift.sources.labelled.conllu`.
"""

from __future__ import annotations

from dataclasses import replace

from crosslift.sources.labelled.conllu import conllu
from crosslift.sources.labelled.parts import FilePerLanguage, HubParts, Key
from crosslift.sources.labelled.shapes import WordShape
from crosslift.targets.labelled import LabelledSet, labelled_target
from crosslift.tasks.udpos import UDPOS as TASK
from crosslift.tasks.udpos import (
    UDPOS_ENGLISH,
    UDPOS_FOLDERS,
    UDPOS_HUB,
    UDPOS_WHERE,
    udpos_columns,
    udpos_table,
)

_NAMES = {
    **{"af": "Afrikaans", "ar": "Arabic", "bg": "Bulgarian", "de": "German", "el": "Greek"},
    **{"en": "English", "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian"},
    **{"fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian"},
    **{"id": "Indonesian", "it": "Italian", "ja": "Japanese", "kk": "Kazakh", "ko": "Korean"},
    **{"mr": "Marathi", "nl": "Dutch", "pt": "Portuguese", "ru": "Russian", "ta": "Tamil"},
    **{"te": "Telugu", "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "ur": "Urdu"},
    **{"vi": "Vietnamese", "yo": "Yoruba", "zh": "Chinese"},
}
UDPOS_33 = tuple(_NAMES)
"""As XTREME lists them (evaluate.py, TASK2LANGS)."""

_NO_DEV = frozenset(Key("dev", code) for code in ("kk", "th", "tl", "yo"))

UDPOS = labelled_target(
    LabelledSet(
        name="udpos",
        title="UD-POS",
        what="UD-POS: the part of speech of each word in 33 languages",
        languages=UDPOS_33,
        form=TASK.form,
        metric="tag_f1",
        layouts=(
            FilePerLanguage(
                {"dev": ("dev-{language}.tsv",), "test": ("test-{language}.tsv",)},
                udpos_table,
                WordShape(),
                ("", "udpos"),
            ),
            FilePerLanguage(
                {
                    "dev": ("UD_*/{language}_*-ud-dev.conllu",),
                    "test": ("UD_*/{language}_*-ud-test.conllu",),
                },
                conllu,
                WordShape(),
                ("", *UDPOS_FOLDERS, *(f"udpos/{name}" for name in UDPOS_FOLDERS)),
            ),
        ),
        hub=HubParts(
            UDPOS_HUB,
            "main",
            {code: f"udpos.{name}" for code, name in _NAMES.items()},
            {"dev": "validation", "test": "test"},
            WordShape(),
            udpos_columns,
            absent=_NO_DEV,
        ),
        where=UDPOS_WHERE,
        english=replace(UDPOS_ENGLISH, setting="english"),
        dev="own",
        dev_name="the English dev sentences",
        licence=TASK.licence,
        citation=TASK.citation,
    )
)
