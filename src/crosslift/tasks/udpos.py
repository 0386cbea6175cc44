"""UD-POS: the part of speech of each word in 33 languages of Universal Dependencies.

The treebanks of a language are pooled, as in XTREME. XTREME's scorer interprets tags as chunks, so its
F1 differs from that of single words: see `tag_f1`. Published sizes (Hu et al. 2020, arXiv 2003.11080,
table 1): 21,253 English training, 3,974 English dev and 47 to 20,436 test sentences. See
`crosslift.sources.labelled.conllu` for ranges of words in CoNLL-U, and the differences from XTREME's
files.
"""

from __future__ import annotations

from crosslift.sources.dataset_files import Layout
from crosslift.sources.fields import TagFields
from crosslift.sources.formats.rows import Row
from crosslift.sources.hub import HubDataset
from crosslift.sources.labelled.conllu import conllu
from crosslift.sources.labelled.words import UPOS, TaggedWords, numbered_tags
from crosslift.tasks.dataset import tags_of_words
from crosslift.tasks.labelled_dataset import LabelledDataset

_NAMES = {
    **{"af": "Afrikaans", "ar": "Arabic", "bg": "Bulgarian", "de": "German", "el": "Greek"},
    **{"en": "English", "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian"},
    **{"fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian"},
    **{"id": "Indonesian", "it": "Italian", "ja": "Japanese", "kk": "Kazakh", "ko": "Korean"},
    **{"mr": "Marathi", "nl": "Dutch", "pt": "Portuguese", "ru": "Russian", "ta": "Tamil"},
    **{"te": "Telugu", "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "ur": "Urdu"},
    **{"vi": "Vietnamese", "yo": "Yoruba", "zh": "Chinese"},
}
"""BCP-47 code -> name on the hub, of the languages that XTREME lists (evaluate.py, TASK2LANGS)."""

_TREEBANKS = ("ud-treebanks-v2.7", "ud-treebanks-v2.5")


def _hub_columns(row: Row) -> dict[str, object]:
    return numbered_tags(row, "pos_tags", UPOS)


UDPOS = LabelledDataset(
    name="udpos",
    title="UD-POS",
    what="UD-POS: the part of speech of each word in 33 languages",
    task_title="UD-POS, English: the part of speech of each word",
    languages=tuple(_NAMES),
    form=tags_of_words(UPOS),
    metric="tag_f1",
    layouts=(
        Layout(
            train=("train-{language}.tsv",),
            dev=("dev-{language}.tsv",),
            test=("test-{language}.tsv",),
            read=TaggedWords(UPOS),
            fields=TagFields(),
            folders=("udpos",),
        ),
        Layout(
            train=("UD_English-*/{language}_*-ud-train.conllu",),
            dev=("UD_*/{language}_*-ud-dev.conllu",),
            test=("UD_*/{language}_*-ud-test.conllu",),
            read=conllu,
            fields=TagFields(("id",)),
            folders=(*_TREEBANKS, *(f"udpos/{name}" for name in _TREEBANKS)),
        ),
    ),
    hub=HubDataset(
        "google/xtreme",
        revision="main",
        fields=TagFields(),
        configs={code: f"udpos.{name}" for code, name in _NAMES.items()},
        test=("test",),
        change=_hub_columns,
        without_dev=frozenset({"kk", "th", "tl", "yo"}),
    ),
    where="https://universaldependencies.org/ (ud-treebanks-v2.7.tgz), or XTREME's download script",
    dev="own",
    dev_name="the English dev sentences",
    licence="those of the treebanks, mostly CC BY-SA 4.0 and CC BY-NC-SA 4.0",
    citation="Nivre et al. 2020 (arXiv 2004.10643); pooled as in Hu et al. 2020 (arXiv 2003.11080)",
    train_examples=21_253,
)
