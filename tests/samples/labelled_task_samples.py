"""Samples of the intermediate tasks on the English parts of XTREME's tasks."""

from __future__ import annotations

from collections.abc import Mapping

from dataset_samples import Rows, Sample, tabs
from labelled_samples import (
    Tagged,
    articles,
    conllu_sentence,
    entities,
    hub_questions,
    hub_words,
    pairs_file,
    paraphrases,
    parts_of_speech,
    squad_file,
    tydiqa_file,
    wikiann_file,
    words_file,
)

from crosslift.sources.record import Record

PAWSX_HEADER = "id|sentence1|sentence2|label"
_POS, _NER = parts_of_speech("en", 4, 2), entities("en", 4, 2)
_FIRST_PAIR = paraphrases("en", 1, 8)[0]
_FIRST_POS, _FIRST_NER = _POS[0], _NER[0]


def _words_record(name: str, sentence: Tagged) -> Record:
    return Record(
        name, words=tuple(word for word, _ in sentence), tags=tuple(tag for _, tag in sentence)
    )


def _question_record(name: str, number: int) -> Record:
    paragraph = articles("en", 1, number)[0]["paragraphs"][0]
    asked, passage = paragraph["qas"][0], paragraph["context"]
    given = asked["answers"][0]
    span = (given["answer_start"], given["answer_start"] + len(given["text"]))
    return Record(name, {"question": asked["question"], "passage": passage}, spans=(span,))


_PAIR_RECORD = Record(
    "train:1", {"text": _FIRST_PAIR[0], "pair": _FIRST_PAIR[1]}, label=_FIRST_PAIR[2]
)

TASK_SAMPLES: Mapping[str, tuple[Sample, ...]] = {
    "pawsx": (
        Sample(
            {
                "train-en.tsv": pairs_file(paraphrases("en", 4, 8)),
                "dev-en.tsv": pairs_file(paraphrases("en", 2)),
            },
            _PAIR_RECORD,
            4,
            2,
            dev_files=("dev-en.tsv",),
        ),
        Sample(
            {
                "en/train.tsv": tabs(PAWSX_HEADER, "5|" + "|".join(_FIRST_PAIR)),
                "en/dev_2k.tsv": tabs(PAWSX_HEADER, "1|" + "|".join(_FIRST_PAIR)),
            },
            Record("train:5", _PAIR_RECORD.texts, label=_PAIR_RECORD.label),
            1,
            1,
            dev_files=("en/dev_2k.tsv",),
        ),
    ),
    "udpos": (
        Sample(
            {"train-en.tsv": words_file(_POS), "dev-en.tsv": words_file(_POS[:2])},
            _words_record("train:1", _FIRST_POS),
            4,
            2,
            dev_files=("dev-en.tsv",),
        ),
        Sample(
            {
                "UD_English-A/en_a-ud-train.conllu": "".join(map(conllu_sentence, _POS)),
                "UD_English-A/en_a-ud-dev.conllu": conllu_sentence(_POS[1]),
            },
            _words_record("train:en_a-ud-train:1", _FIRST_POS),
            4,
            1,
            dev_files=("UD_English-A/en_a-ud-dev.conllu",),
        ),
    ),
    "panx": (
        Sample(
            {"train-en.tsv": words_file(_NER), "dev-en.tsv": words_file(_NER[:2])},
            _words_record("train:1", _FIRST_NER),
            4,
            2,
            dev_files=("dev-en.tsv",),
        ),
        Sample(
            {"en/train": wikiann_file("en", _NER), "en/dev": wikiann_file("en", _NER[:1])},
            _words_record("train:1", _FIRST_NER),
            4,
            1,
            dev_files=("en/dev",),
        ),
    ),
    "tydiqa": (
        Sample(
            {"tydiqa.goldp.en.train.json": squad_file(articles("en", 3, prefix=""))},
            _question_record("train:0-0", 0),
            6,
            0,
        ),
        Sample(
            {
                "tydiqa-goldp-v1.1-train.json": tydiqa_file(
                    ("korean", "ko", 2, 8), ("english", "en", 3, 1)
                )
            },
            _question_record("train:english-1-0", 1),
            6,
            0,
            {"in another language": 4},
        ),
    ),
}
"""Intermediate tasks on the English parts: a sample of each layout."""

TASK_HUB_ROWS: Mapping[str, tuple[Rows, Record]] = {
    "pawsx": (
        [{"id": 1, "sentence1": _FIRST_PAIR[0], "sentence2": _FIRST_PAIR[1], "label": 0}],
        _PAIR_RECORD,
    ),
    "udpos": ([hub_words(_FIRST_POS, "pos_tags")], _words_record("train:1", _FIRST_POS)),
    "panx": ([hub_words(_FIRST_NER, "ner_tags")], _words_record("train:1", _FIRST_NER)),
    "tydiqa": (
        hub_questions(articles("fi", 1, 3, prefix="finnish-"))
        + hub_questions(articles("en", 1, 1, prefix="english-")),
        _question_record("train:english-1-0", 1),
    ),
}
"""Name of the task -> rows as the hub has them, and the first training record."""
