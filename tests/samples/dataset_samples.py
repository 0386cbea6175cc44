"""Tiny files in the exact format of each published dataset, and rows as the hub has them.

The texts are made up; file names, columns, labels and line formats are those of the publishers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crosslift.sources.record import Record

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Sample:
    """Files of one layout of a dataset, and what must be read from them.

    Args:
        files: path in the folder -> text.
        first: the first training record.
        train: number of training records.
        dev: number of dev records.
        skipped: of the training files.
        dev_files: those that may be absent.
    """

    files: Mapping[str, str]
    first: Record
    train: int
    dev: int
    skipped: Mapping[str, int] = field(default_factory=dict)
    dev_files: tuple[str, ...] = ()


def write_sample(folder: Path, files: Mapping[str, str]) -> Path:
    """Writes files as they are, and gives the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
    return folder


def lines(*rows: Mapping[str, Any]) -> str:
    """JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def tabs(*rows: str) -> str:
    """Rows whose cells are written with | between them."""
    return "".join(row.replace("|", "\t") + "\n" for row in rows)


def nli(pair_id: str, premise: str, hypothesis: str, label: str) -> dict[str, Any]:
    """A row of SNLI's or MultiNLI's JSON lines."""
    return {
        "annotator_labels": [label],
        "gold_label": label,
        "pairID": pair_id,
        "sentence1": premise,
        "sentence2": hypothesis,
    }


def anli(uid: str, context: str, hypothesis: str, label: str) -> dict[str, Any]:
    """A row of ANLI's JSON lines."""
    return {"uid": uid, "context": context, "hypothesis": hypothesis, "label": label, "genre": "x"}


MNLI_FILES = {
    "multinli_1.0_train.jsonl": lines(
        nli("1n", "The café is open.", "A place serves coffee.", "neutral"),
        nli("1e", "The café is open.", "The café is not closed.", "entailment"),
        nli("1c", "The café is open.", "The café is shut.", "contradiction"),
    ),
    "multinli_1.0_dev_matched.jsonl": lines(
        nli("9e", "It rains.", "It is wet.", "entailment"),
        nli("9c", "It rains.", "It is dry.", "contradiction"),
        nli("9-", "It rains.", "It is cold.", "-"),
    ),
    "multinli_1.0_dev_mismatched.jsonl": lines(nli("8e", "x", "y", "entailment")),
}
SNLI_FILES = {
    "snli_1.0_train.jsonl": lines(
        nli("7.jpg#0r1e", "A dog runs.", "An animal moves.", "entailment"),
        nli("7.jpg#0r1n", "A dog runs.", "It chases a ball.", "-"),
        nli("7.jpg#0r1c", "A dog runs.", "A dog sleeps.", "contradiction"),
        nli("7.jpg#0r2e", "A dog runs.", "A dog is awake.", "entailment"),
        nli("8.jpg#0r1e", "Two men talk.", "People speak.", "entailment"),
    ),
    "snli_1.0_dev.jsonl": lines(nli("9.jpg#0r1n", "A man sits.", "He is tired.", "neutral")),
}
ANLI_FILES = {
    "R1/train.jsonl": lines(anli("u1", "Bo was born in 1900.", "Bo lived long.", "n")),
    "R2/train.jsonl": lines(anli("u2", "Bo was born in 1900.", "Bo was born.", "e")),
    "R3/train.jsonl": lines(anli("u3", "Bo was born in 1900.", "Bo is a river.", "c")),
    "R1/dev.jsonl": lines(anli("u4", "Al won.", "Al lost.", "c")),
    "R2/dev.jsonl": lines(anli("u5", "Al won.", "Al took part.", "e")),
    "R3/dev.jsonl": lines(anli("u6", "Al won.", "Al was glad.", "n")),
}
CAD_FILES = {
    "train.tsv": tabs(
        "sentence1|sentence2|gold_label",
        'A man says "hi.|A man greets.|entailment',
        'A man says "hi.|A man is silent.|contradiction',
        "A woman says hi.|A man greets.|contradiction",
    ),
    "dev.tsv": tabs("sentence1|sentence2|gold_label", "A cat.|A pet.|neutral"),
}
PASSAGE = " Mr. Ué lives in Oslo. He was born in 1950! Oslo is cold."


def squad(*questions: tuple[str, str, list[tuple[str, int]]], version: str = "1.1") -> str:
    """A SQuAD file of one paragraph; a question is (id, text, answers with their offsets)."""
    asked = []
    for name, question, answers in questions:
        given = [{"text": text, "answer_start": start} for text, start in answers]
        entry: dict[str, Any] = {"id": name, "question": question, "answers": given}
        if version == "v2.0":
            entry["is_impossible"] = not answers
            if not answers:
                entry["plausible_answers"] = [{"text": "cold", "answer_start": 52}]
        asked.append(entry)
    article = {"title": "T", "paragraphs": [{"context": PASSAGE, "qas": asked}]}
    return json.dumps({"version": version, "data": [article]}, ensure_ascii=False)


OSLO, YEAR = ("Oslo", PASSAGE.index("Oslo")), ("1950", PASSAGE.index("1950"))
_WHO = ("q1", "Where does he live? ", [OSLO])
_WHEN = ("q2", "When was he born?", [YEAR])
_DEV = ("q3", "Where?", [OSLO, OSLO, ("in Oslo", OSLO[1] - 3)])
SQUAD_FILES = {"train-v1.1.json": squad(_WHO, _WHEN), "dev-v1.1.json": squad(_DEV)}
_SQUAD_SPAN = ((OSLO[1], OSLO[1] + 4),)
_QUESTION = {"question": "Where does he live?", "passage": PASSAGE}


def choice_rows(names: str, *rows: tuple[str, ...]) -> Rows:
    """Rows as mappings of the names, which are written with spaces between them."""
    return [dict(zip(names.split(), row, strict=True)) for row in rows]


_STORY = ("s1", 'He said "go", and left.', "Why?", "A", "B", "C", "None of these", "2")
_COSMOS_ROW = '\ns1,"He said ""go"", and left.",Why?,A,B,C,None of these,2\n'
_COSMOS_RECORD = Record(
    "train:s1",
    {"context": 'He said "go", and left.', "question": "Why?"},
    choices=("A", "B", "C", "None of these"),
    answer=2,
)
_COSMOS_NAMES = "id,context,question,answer0,answer1,answer2,answer3,label"
_SIQA_NAMES = "context question answerA answerB answerC"
_SIQA_TEXTS = ("Al helped Bo.", "Why?", "to be kind", "to be mean", "no reason")
_SIQA_RECORD = Record(
    "train:1",
    {"context": "Al helped Bo.", "question": "Why?"},
    choices=("to be kind", "to be mean", "no reason"),
    answer=0,
)
_ENDINGS = ["walks up.", "flies off.", "eats it.", "is gone."]
_HELLASWAG: dict[str, Any] = {
    "ind": 4,
    "activity_label": "Climbing",
    "ctx_a": "A man stands at stairs.",
    "ctx_b": "he",
    "ctx": "A man stands at stairs. he",
    "split": "train",
    "split_type": "indomain",
    "endings": _ENDINGS,
    "source_id": "activitynet~v_1",
}
_HELLASWAG_RECORD = Record(
    "train:1",
    {"context": "A man stands at stairs. he"},
    choices=("walks up.", "flies off.", "eats it.", "is gone."),
    answer=3,
)
_CSQA_TEXTS = ["bank", "shop", "sea", "sky", "den"]


def commonsense(name: str, stem: str, answer: str, labels: str = "ABCDE") -> dict[str, Any]:
    """A row of CommonsenseQA's file."""
    choices = [
        {"label": label, "text": text} for label, text in zip(labels, _CSQA_TEXTS, strict=True)
    ]
    question = {"question_concept": "fish", "choices": choices, "stem": stem}
    return {"answerKey": answer, "id": name, "question": question}


_CSQA_RECORD = Record(
    "train:k1", {"question": "Where do fish live?"}, choices=tuple(_CSQA_TEXTS), answer=2
)
SICK_HEADER = "pair_ID|sentence_A|sentence_B|relatedness_score|entailment_judgment"
SICK_FILES = {
    "SICK_train.txt": tabs(
        SICK_HEADER, "1|A kid plays|A child plays|4.5|ENTAILMENT", "2|A|B|1|NEUTRAL"
    ),
    "SICK_trial.txt": tabs(SICK_HEADER, "4|A boy is out|No boy is out|3.6|CONTRADICTION"),
}
_SICK_TEXTS = {"text": "A kid plays", "pair": "A child plays"}
MRPC_HEADER = "Quality|#1 ID|#2 ID|#1 String|#2 String"
_MRPC_TRAIN = "\ufeff" + tabs(
    MRPC_HEADER,
    '1|70|71|He called it "a mess.|It was "a mess", he said.',
    "0|72|73|It rose.|It fell.",
).replace("\n", "\r\n")
_MRPC_DEV = tabs(MRPC_HEADER, "1|80|81|Up.|Upward.")
_MRPC_RECORD = Record(
    "train:70-71",
    {"text": 'He called it "a mess.', "pair": 'It was "a mess", he said.'},
    label="equivalent",
)
_QQP_HEADER = "id|qid1|qid2|question1|question2|is_duplicate"
_PAWS_HEADER = "id|sentence1|sentence2|label"


def derivation(name: str, *leaves: tuple[str, str]) -> str:
    """A sentence of an AUTO file: words and their categories, as one flat derivation."""
    inner = " ".join(f"(<L {tag} NN NN {word} {tag}>)" for word, tag in leaves)
    return f"ID={name} PARSER=GOLD NUMPARSE=1\n(<T S[dcl] 0 {len(leaves)}> {inner} ) \n"


_COMMON = [("Dogs", "N"), ("bark", r"S[dcl]\NP"), (".", ".")]
CCG_FILES = {
    **{
        f"{section:02}/wsj_{section:02}01.auto": derivation(f"wsj_{section:02}01.1", *_COMMON)
        for section in range(2, 22)
    },
    "02/wsj_0202.auto": derivation("wsj_0202.1", ("-LRB-", "LRB"), ("Oh", "N"))
    + derivation("wsj_0202.2", *_COMMON),
    "00/wsj_0001.auto": derivation("wsj_0001.1", ("Dogs", "N"), ("eh", "INTJ")),
}


def _pair(name: str, text: str, pair: str, label: str) -> Record:
    return Record(name, {"text": text, "pair": pair}, label=label)


_MNLI_FIRST = _pair("train:1n", "The café is open.", "A place serves coffee.", "neutral")
_SNLI_FIRST = _pair("train:7.jpg#0r1e", "A dog runs.", "An animal moves.", "entailment")
_ANLI_FIRST = _pair("train:u1", "Bo was born in 1900.", "Bo lived long.", "neutral")
_MNLI_DEV = ("multinli_1.0_dev_matched.jsonl",)
_SNLI_DEV = ("snli_1.0_dev.jsonl",)
_ANLI_DEV = tuple(f"R{number}/dev.jsonl" for number in (1, 2, 3))
_UNLABELLED = {"no gold label": 1}
_NLI_FILES = {**MNLI_FILES, **SNLI_FILES}
_NLI_DEV = (*_MNLI_DEV, *_SNLI_DEV)
_CAD_PREMISE = 'A man says "hi.'

SAMPLES: Mapping[str, tuple[Sample, ...]] = {
    "mnli": (
        Sample(MNLI_FILES, _MNLI_FIRST, 3, 2, dev_files=_MNLI_DEV),
        Sample(
            {
                "multinli.train.en.tsv": tabs(
                    "premise|hypo|label", 'Say "yes.|Say no .|contradictory', "A|B|entailment"
                )
            },
            _pair("train:2", 'Say "yes.', "Say no .", "contradiction"),
            2,
            0,
        ),
    ),
    "snli": (Sample(SNLI_FILES, _SNLI_FIRST, 4, 1, _UNLABELLED, _SNLI_DEV),),
    "snli-cad": (
        Sample(
            CAD_FILES,
            _pair("train:2", _CAD_PREMISE, "A man greets.", "entailment"),
            3,
            1,
            dev_files=("dev.tsv",),
        ),
    ),
    "anli": (Sample(ANLI_FILES, _ANLI_FIRST, 3, 3, dev_files=_ANLI_DEV),),
    "anli-plus": (
        Sample(
            {**ANLI_FILES, **_NLI_FILES},
            _pair("anli:train:u1", "Bo was born in 1900.", "Bo lived long.", "neutral"),
            10,
            6,
            _UNLABELLED,
            (*_ANLI_DEV, *_NLI_DEV),
        ),
    ),
    "qqp": (
        Sample(
            {
                "train.tsv": tabs(
                    _QQP_HEADER,
                    '5|1|2|What is "it?|What is it?|1',
                    "6|3|4|A question that",
                    '"|Was it so?|0',
                    "7|5|6|Who?|Why?|0",
                    "9|5|7||Why?|0",
                ),
                "dev.tsv": tabs(_QQP_HEADER, "8|7|8|A?|B?|0"),
            },
            _pair("train:5", 'What is "it?', "What is it?", "duplicate"),
            2,
            1,
            {"too few columns": 2, "empty text": 1},
            ("dev.tsv",),
        ),
    ),
    "squad-1.1": (
        Sample(
            SQUAD_FILES,
            Record("train:q1", _QUESTION, spans=_SQUAD_SPAN),
            2,
            1,
            dev_files=("dev-v1.1.json",),
        ),
    ),
    "squad-2.0": (
        Sample(
            {
                "train-v2.0.json": squad(("q0", "Who is she?", []), _WHO, version="v2.0"),
                "dev-v2.0.json": squad(_DEV, ("q9", "Why?", []), version="v2.0"),
            },
            Record("train:q0", {"question": "Who is she?", "passage": PASSAGE}),
            2,
            2,
            dev_files=("dev-v2.0.json",),
        ),
    ),
    "hellaswag": (
        Sample(
            {
                "hellaswag_train.jsonl": lines(
                    {**_HELLASWAG, "label": 3}, {**_HELLASWAG, "label": 0}
                ),
                "hellaswag_val.jsonl": lines({**_HELLASWAG, "label": 1}),
            },
            _HELLASWAG_RECORD,
            2,
            1,
            dev_files=("hellaswag_val.jsonl",),
        ),
    ),
    "ccg": (
        Sample(
            CCG_FILES,
            Record("train:wsj_0201.1", words=("Dogs", "bark", "."), tags=("N", r"S[dcl]\NP", ".")),
            22,
            1,
            dev_files=("00/wsj_0001.auto",),
        ),
    ),
    "cosmos-qa": (
        Sample(
            {
                "train.csv": _COSMOS_NAMES + _COSMOS_ROW,
                "valid.csv": _COSMOS_NAMES.replace("3", "4")
                .replace("2", "3")
                .replace("1", "2")
                .replace("0", "1")
                + _COSMOS_ROW,
            },
            _COSMOS_RECORD,
            1,
            1,
            dev_files=("valid.csv",),
        ),
        Sample(
            {
                "train.jsonl": lines(*choice_rows(_COSMOS_NAMES.replace(",", " "), _STORY)),
                "valid.jsonl": lines(
                    {
                        **choice_rows(_COSMOS_NAMES.replace(",", " "), _STORY)[0],
                        "label": 0,
                    }
                ),
            },
            _COSMOS_RECORD,
            1,
            1,
            dev_files=("valid.jsonl",),
        ),
    ),
    "commonsense-qa": (
        Sample(
            {
                "train_rand_split.jsonl": lines(commonsense("k1", "Where do fish live?", "C")),
                "dev_rand_split.jsonl": lines(commonsense("k2", "Where is money?", "A")),
            },
            _CSQA_RECORD,
            1,
            1,
            dev_files=("dev_rand_split.jsonl",),
        ),
    ),
    "social-iqa": (
        Sample(
            {
                f"socialIQa_v1.4_{part}.jsonl": lines(
                    *choice_rows(f"{_SIQA_NAMES} correct", (*_SIQA_TEXTS, answer))
                )
                for part, answer in (("trn", "A"), ("dev", "C"))
            },
            _SIQA_RECORD,
            1,
            1,
            dev_files=("socialIQa_v1.4_dev.jsonl",),
        ),
        Sample(
            {
                "train.jsonl": lines(*choice_rows(_SIQA_NAMES, _SIQA_TEXTS, _SIQA_TEXTS)),
                "train-labels.lst": "1\n3\n",
                "dev.jsonl": lines(*choice_rows(_SIQA_NAMES, _SIQA_TEXTS)),
                "dev-labels.lst": "2\n",
            },
            _SIQA_RECORD,
            2,
            1,
            dev_files=("dev.jsonl", "dev-labels.lst"),
        ),
    ),
    "sick": (
        Sample(
            SICK_FILES,
            Record("train:1", _SICK_TEXTS, label="entailment"),
            2,
            1,
            dev_files=("SICK_trial.txt",),
        ),
    ),
    "sick-relatedness": (
        Sample(
            SICK_FILES,
            Record("train:1", _SICK_TEXTS, score=4.5),
            2,
            1,
            dev_files=("SICK_trial.txt",),
        ),
    ),
    "mrpc": (
        Sample(
            {"msr-para-train.tsv": _MRPC_TRAIN, "msr-para-val.tsv": _MRPC_DEV},
            _MRPC_RECORD,
            2,
            1,
            dev_files=("msr-para-val.tsv",),
        ),
        Sample({"msr_paraphrase_train.txt": _MRPC_TRAIN}, _MRPC_RECORD, 2, 0),
        Sample(
            {"train.tsv": _MRPC_TRAIN, "dev.tsv": _MRPC_DEV},
            _MRPC_RECORD,
            2,
            1,
            dev_files=("dev.tsv",),
        ),
    ),
    "paws": (
        Sample(
            {
                "train.tsv": tabs(_PAWS_HEADER, "1|A to B .|B to A .|0", "2|A `` B|B A|1"),
                "dev.tsv": tabs(_PAWS_HEADER, "1|X Y|Y X|1"),
            },
            _pair("train:1", "A to B .", "B to A .", "not-paraphrase"),
            2,
            1,
            dev_files=("dev.tsv",),
        ),
    ),
    "sts-b": (
        Sample(
            {
                "sts-train.csv": tabs(
                    'main-captions|MSRvid|2012test|0001|4.75|A "plane takes off.|A plane rises.',
                    "main-news|MSRpar|2012|12|0|A|B|source one|source two",
                ),
                "sts-dev.csv": tabs("main-news|MSRpar|2012|13|5.000|A|A"),
            },
            Record(
                "train:1", {"text": 'A "plane takes off.', "pair": "A plane rises."}, score=4.75
            ),
            2,
            1,
            dev_files=("sts-dev.csv",),
        ),
    ),
    "nli-contrastive": (
        Sample(
            _NLI_FILES,
            Record(
                "mnli:train:1e",
                {
                    "anchor": "The café is open.",
                    "positive": "The café is not closed.",
                    "negative": "The café is shut.",
                },
                group="The café is open.",
            ),
            3,
            1,
            _UNLABELLED,
            _NLI_DEV,
        ),
    ),
    "nli-unsupervised": (
        Sample(
            _NLI_FILES,
            Record(
                "mnli:train:1n:text",
                {"anchor": "The café is open.", "positive": "The café is open."},
                group="The café is open.",
            ),
            4 + 6,
            0,
            _UNLABELLED,
        ),
    ),
    "snli-cad-contrastive": (
        Sample(
            CAD_FILES,
            Record(
                "train:2",
                {
                    "anchor": _CAD_PREMISE,
                    "positive": "A man greets.",
                    "negative": "A man is silent.",
                },
                group=_CAD_PREMISE,
            ),
            1,
            0,
            dev_files=("dev.tsv",),
        ),
    ),
    "squad-sentence": (
        Sample(
            SQUAD_FILES,
            Record(
                "train:q1",
                {"question": "Where does he live?", "positive": "Mr. Ué lives in Oslo."},
                group="Mr. Ué lives in Oslo.",
            ),
            2,
            1,
            dev_files=("dev-v1.1.json",),
        ),
    ),
    "squad-passage": (
        Sample(
            SQUAD_FILES,
            Record(
                "train:q1",
                {"question": "Where does he live?", "positive": PASSAGE.strip()},
                group=PASSAGE.strip(),
            ),
            2,
            1,
            dev_files=("dev-v1.1.json",),
        ),
    ),
}
"""Name of the task -> a sample of each of its layouts."""

_HUB_NLI = {"premise": "A dog runs.", "hypothesis": "An animal moves."}
_HUB_SQUAD = {"id": "q1", "title": "T", "context": PASSAGE, "question": "Where does he live?"}
_HUB_ANSWERS = {"text": ["Oslo"], "answer_start": [OSLO[1]]}
_HUB_SICK = {
    "id": "1",
    "sentence_A": "A kid plays",
    "sentence_B": "A child plays",
    "label": 0,
    "relatedness_score": 4.5,
}
_HUB_TEXTS = {"text": "A", "pair": "B"}

HUB_ROWS: Mapping[str, tuple[Rows, Record]] = {
    "mnli": (
        [{**_HUB_NLI, "pairID": "31n", "label": 1}],
        _pair("train:1", "A dog runs.", "An animal moves.", "neutral"),
    ),
    "snli": (
        [{**_HUB_NLI, "label": -1}, {**_HUB_NLI, "label": 0}],
        _pair("train:2", "A dog runs.", "An animal moves.", "entailment"),
    ),
    "anli": (
        [{**_HUB_NLI, "uid": "u1", "label": 2, "reason": ""}],
        _pair("train:1", "A dog runs.", "An animal moves.", "contradiction"),
    ),
    "qqp": (
        [{"question1": "A", "question2": "B", "label": 1, "idx": 0}],
        Record("train:1", _HUB_TEXTS, label="duplicate"),
    ),
    "squad-1.1": (
        [{**_HUB_SQUAD, "answers": _HUB_ANSWERS}],
        Record("train:q1", _QUESTION, spans=_SQUAD_SPAN),
    ),
    "squad-2.0": (
        [{**_HUB_SQUAD, "answers": {"text": [], "answer_start": []}}],
        Record("train:q1", _QUESTION),
    ),
    "hellaswag": ([{**_HELLASWAG, "label": "3"}], _HELLASWAG_RECORD),
    "cosmos-qa": (
        [{**choice_rows(_COSMOS_NAMES.replace(",", " "), _STORY)[0], "label": 2}],
        replace(_COSMOS_RECORD, id="train:1"),
    ),
    "commonsense-qa": (
        [
            {
                "id": "k1",
                "question": "Where do fish live?",
                "question_concept": "fish",
                "choices": {"label": list("ABCDE"), "text": _CSQA_TEXTS},
                "answerKey": "C",
            }
        ],
        replace(_CSQA_RECORD, id="train:1"),
    ),
    "social-iqa": (choice_rows(f"{_SIQA_NAMES} label", (*_SIQA_TEXTS, "1")), _SIQA_RECORD),
    "sick": ([_HUB_SICK], Record("train:1", _SICK_TEXTS, label="entailment")),
    "sick-relatedness": ([_HUB_SICK], Record("train:1", _SICK_TEXTS, score=4.5)),
    "mrpc": (
        [{"sentence1": "A", "sentence2": "B", "label": 0, "idx": 0}],
        Record("train:1", _HUB_TEXTS, label="not-equivalent"),
    ),
    "paws": (
        [{"id": 7, "sentence1": "A", "sentence2": "B", "label": 1}],
        Record("train:1", _HUB_TEXTS, label="paraphrase"),
    ),
    "sts-b": (
        [{"sentence1": "A", "sentence2": "B", "label": 2.5, "idx": 0}],
        Record("train:1", _HUB_TEXTS, score=2.5),
    ),
}
"""Name of the task -> rows as the hub has them, and the first training record."""
