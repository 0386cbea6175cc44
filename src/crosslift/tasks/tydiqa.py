"""TyDiQA-GoldP: questions on passages of Wikipedia in 9 languages; trained on its English part.

If a file has questions in all languages, training uses only those whose id begins with ``english-``;
the others are counted as left out.

XTREME scores the published dev files, so they are the test split here. There are no English dev
questions, and model selection uses a part of the English training questions. If a folder has only
training files and no split is requested, those of languages besides English are scored, as dev: they
are not used for training, but their scores cannot be compared with published ones. Published sizes:
3,696 English training questions (Hu et al. 2020, arXiv 2003.11080, table 1), 5,077 test questions in
all 9 languages (dataset card of google/xtreme).
"""

from __future__ import annotations

from crosslift.sources.dataset_files import Layout
from crosslift.sources.fields import SpanFields
from crosslift.sources.formats.rows import Row
from crosslift.sources.hub import HubDataset
from crosslift.sources.labelled.questions import questions
from crosslift.tasks.dataset import span_of_passage
from crosslift.tasks.labelled_dataset import LabelledDataset
from crosslift.xtreme.benchmark import xtreme_task

_NAMES = {
    **{"arabic": "ar", "bengali": "bn", "english": "en", "finnish": "fi", "indonesian": "id"},
    **{"korean": "ko", "russian": "ru", "swahili": "sw", "telugu": "te"},
}
"""Beginning of an id in TyDiQA-GoldP's own files -> BCP-47 code."""

_V = "tydiqa-goldp-v1.1"
_TRAIN, _DEV = "tydiqa.goldp.{language}.train.json", "tydiqa.goldp.{language}.dev.json"
_FIELDS = SpanFields(withheld=True)


def tydiqa_language(row: Row) -> str:
    """The language of a question of TyDiQA's own files, by its id (``english-4962-1``).

    Raises:
        DataError: the id begins with no language of TyDiQA-GoldP.
    """
    name = str(row.value("id")).partition("-")[0]
    if name not in _NAMES:
        raise row.fault(f"id {row.value('id')!r}", f"one of {', '.join(_NAMES)} before a hyphen")
    return _NAMES[name]


_ONE_FILE = Layout(
    train=(f"{_V}-train.json",),
    dev=(),
    test=(f"{_V}-dev.json",),
    read=questions,
    fields=_FIELDS,
    folders=("tydiqa",),
    language_of=tydiqa_language,
)
_FILE_PER_LANGUAGE = Layout(
    train=(f"{_V}-train/{_TRAIN}", _TRAIN),
    dev=(),
    test=(f"{_V}-dev/{_DEV}", _DEV),
    read=questions,
    fields=_FIELDS,
    folders=("tydiqa",),
)
_ENGLISH_FILE = Layout(
    train=("tydiqa.goldp.en.train.json",),
    dev=(),
    read=questions,
    fields=_FIELDS,
    folders=(f"{_V}-train", "tydiqa", f"tydiqa/{_V}-train"),
)
"""`data` may be the folder of XTREME's training file or any folder above it."""

TYDIQA = LabelledDataset(
    name="tydiqa",
    title="TyDiQA-GoldP",
    what="TyDiQA-GoldP: questions on passages in 9 languages",
    task_title="TyDiQA-GoldP, English: where in a passage a question is answered",
    languages=xtreme_task("tydiqa").languages,
    form=span_of_passage(unanswerable=False),
    metric="answer_f1",
    layouts=(_FILE_PER_LANGUAGE, _ONE_FILE),
    english_layouts=(_ENGLISH_FILE, _ONE_FILE.english()),
    hub=HubDataset(
        "google/xtreme",
        revision="main",
        fields=_FIELDS,
        dev=(),
        test=("validation",),
        configs=dict.fromkeys(sorted(_NAMES.values()), "tydiqa"),
        language_of=tydiqa_language,
    ),
    where="https://github.com/google-research-datasets/tydiqa (tydiqa-goldp-v1.1)",
    dev="none",
    train_is_scored=True,
    licence="Apache-2.0",
    citation="Clark et al. 2020 (arXiv 2003.05002)",
    train_examples=3_696,
)
