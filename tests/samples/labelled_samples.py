"""Tiny files of XTREME's seven labelled tasks, in the exact layout of its download script.

The texts are made up. Examples of one place are translations of one another; languages are English,
German and Chinese, of TyDiQA-GoldP English, Finnish and Korean.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from dataset_samples import Rows

Labels = Literal["published", "all", "none"]
Pair = tuple[str, str, str]
Tagged = Sequence[tuple[str, str]]

LANGUAGES = ("en", "de", "zh")
TYDIQA_LANGUAGES = ("en", "fi", "ko")
NLI = ("entailment", "neutral", "contradiction")
NAMES = (
    *("Anna Roth", "Ben Ito", "Carla Diaz", "Dan Novak", "Eva Lind", "Finn Berg", "Gita Rao"),
    *("Hugo Klein", "Ines Silva", "Jan Kowal", "Kira Wolf", "Leo Marin", "Mia Sato", "Nils Holm"),
)
CITIES = ("Berlin", "Oslo", "Lima", "Cairo", "Delhi", "Rome", "Quito", "Paris", "Seoul", "Bern")

_NLI_TEXTS: Mapping[str, tuple[str, tuple[str, str, str]]] = {
    "en": (
        "{who} sleeps in the house in {where}.",
        (
            "{who} is in the house.",
            "{who} likes the house very much.",
            "{who} is not in any house at all.",
        ),
    ),
    "de": (
        "{who} schläft im Haus in {where}.",
        (
            "{who} ist im Haus.",
            "{who} mag das Haus sehr.",
            "{who} ist in keinem einzigen Haus.",
        ),
    ),
    "zh": (
        "{who}在{where}的房子里睡觉。",
        ("{who}在房子里。", "{who}很喜欢这座房子。", "{who}不在任何房子里。"),
    ),
}
_PARAPHRASES: Mapping[str, tuple[str, tuple[str, str]]] = {
    "en": (
        'The road from {a} to {b} is called " the old road " .',
        (
            'The road from {b} to {a} is called " the old road " .',
            'It is called " the old road " , the road from {a} to {b} .',
        ),
    ),
    "de": (
        'Die Straße von {a} nach {b} heißt "die alte Straße".',
        (
            'Die Straße von {b} nach {a} heißt "die alte Straße".',
            '"Die alte Straße" heißt die Straße von {a} nach {b}.',
        ),
    ),
    "zh": (
        '从{a}到{b}的路叫做"老路"。',
        ('从{b}到{a}的路叫做"老路"。', '"老路"是从{a}到{b}的路。'),
    ),
}
_WORDS: Mapping[str, str] = {
    "en": "The|DET {who}|PROPN lives|VERB in|ADP the|DET old|ADJ house|NOUN .|PUNCT",
    "de": "{who}|PROPN wohnt|VERB in|ADP dem|DET alten|ADJ Haus|NOUN .|PUNCT",
    "zh": "{who}|PROPN 住|VERB 在|ADP 老|ADJ 房子|NOUN 里|ADP 。|PUNCT",
}
_ENTITIES: Mapping[str, str] = {
    "en": "{who} was|O the|O head|O of|O {firm}|B-ORG AG|I-ORG in|O {where}|B-LOC .|O",
    "de": "{who} leitete|O {firm}|B-ORG AG|I-ORG in|O {where}|B-LOC .|O",
    "zh": "{who} 在|O {where}|B-LOC 领|O 导|O {firm}|B-ORG 公|I-ORG 司|I-ORG 。|O",
}


class _Story(NamedTuple):
    """A passage about somebody and its two questions, with the answers that stand in it."""

    passage: str
    questions: tuple[str, str]


_STORIES: Mapping[str, _Story] = {
    "en": _Story(
        "{who} was born in {where} in the year {year}. It was the first of many.",
        ("Where was {who} born?", "When was {who} born?"),
    ),
    "de": _Story(
        "{who} wurde im Jahr {year} in {where} geboren.",
        ("Wo wurde {who} geboren?", "Wann wurde {who} geboren?"),
    ),
    "zh": _Story("{who}于{year}年在{where}出生。", ("{who}在哪里出生？", "{who}何时出生？")),
    "fi": _Story(
        "{who} syntyi paikassa nimeltä {where} vuonna {year}.",
        ("Missä {who} syntyi?", "Milloin {who} syntyi?"),
    ),
    "ko": _Story(
        "{who}은 {year}년 {where}에서 태어났다.",
        ("{who}은 어디에서 태어났나요?", "{who}은 언제 태어났나요?"),
    ),
}


def nli_pairs(language: str, count: int, start: int = 0) -> list[Pair]:
    """Premise, hypothesis and class; three to each premise."""
    premise, hypotheses = _NLI_TEXTS[language]
    pairs = []
    for number in range(start, start + count):
        told = {"who": NAMES[number // 3 % len(NAMES)], "where": CITIES[number // 3 % len(CITIES)]}
        of = number % 3
        pairs.append((premise.format(**told), hypotheses[of].format(**told), NLI[of]))
    return pairs


def paraphrases(language: str, count: int, start: int = 0) -> list[Pair]:
    """Two sentences with quotes in them, and "0" or "1"."""
    first, seconds = _PARAPHRASES[language]
    pairs = []
    for number in range(start, start + count):
        told = {"a": CITIES[number % len(CITIES)], "b": NAMES[number % len(NAMES)].split()[0]}
        pairs.append((first.format(**told), seconds[number % 2].format(**told), str(number % 2)))
    return pairs


def parts_of_speech(language: str, count: int, start: int = 0) -> list[Tagged]:
    """Sentences of words with their parts of speech."""
    return [
        _tagged(_WORDS[language].format(who=NAMES[number % len(NAMES)].split()[0]))
        for number in range(start, start + count)
    ]


def entities(language: str, count: int, start: int = 0) -> list[Tagged]:
    """Sentences of words with their entities."""
    sentences = []
    for number in range(start, start + count):
        first, last = NAMES[number % len(NAMES)].split()
        told = {
            "who": f"{first}|B-PER {last}|I-PER",
            "firm": NAMES[(number + 5) % len(NAMES)].split()[1],
            "where": CITIES[number % len(CITIES)],
        }
        sentences.append(_tagged(_ENTITIES[language].format(**told)))
    return sentences


def _tagged(text: str) -> Tagged:
    pairs = [token.partition("|") for token in text.split()]
    return [(word, tag) for word, _, tag in pairs]


def articles(
    language: str, passages: int, start: int = 0, *, prefix: str = "q", answers: bool = True
) -> list[dict[str, Any]]:
    """Articles of one passage and two questions each, in SQuAD's layout.

    Without answers they are as XTREME leaves them: one that is empty, at 0.
    """
    found = []
    for number in range(start, start + passages):
        told = {
            "who": NAMES[number % len(NAMES)],
            "where": CITIES[number % len(CITIES)],
            "year": str(1900 + number),
        }
        story = _STORIES[language]
        passage = story.passage.format(**told)
        asked = []
        for of, text in enumerate((told["where"], told["year"])):
            given = {"text": text, "answer_start": passage.index(text)}
            asked.append(
                {
                    "id": f"{prefix}{number}-{of}",
                    "question": story.questions[of].format(**told),
                    "answers": [given if answers else {"text": "", "answer_start": 0}],
                }
            )
        found.append({"paragraphs": [{"context": passage, "qas": asked}]})
    return found


def squad_file(data: Sequence[Mapping[str, Any]]) -> str:
    """A file of SQuAD's layout."""
    return json.dumps({"data": data, "version": "1.1"}, ensure_ascii=False)


def pairs_file(pairs: Iterable[Sequence[str]], *, labels: bool = True) -> str:
    """A table as Python's ``csv.writer`` writes it, with CRLF at the ends of lines."""
    file = io.StringIO(newline="")
    csv.writer(file, delimiter="\t").writerows(pair[: 3 if labels else 2] for pair in pairs)
    return file.getvalue()


def words_file(sentences: Iterable[Tagged], *, labels: bool = True) -> str:
    """A word and its tag a line, an empty line between sentences and none behind the last."""
    blocks = [
        "\n".join(f"{word}\t{tag}" if labels else word for word, tag in sentence)
        for sentence in sentences
    ]
    return "\n\n".join(blocks) + "\n"


def xtreme_files(labels: Labels = "published") -> dict[str, str]:
    """The files of `xtreme_folder`, path -> text."""
    test = labels == "all"
    answers = labels != "none"
    tagging = {"udpos": parts_of_speech, "panx": entities}
    files = {
        "xnli/train-en.tsv": pairs_file(nli_pairs("en", 24, 12)),
        "pawsx/train-en.tsv": pairs_file(paraphrases("en", 12, 8)),
        **{f"{n}/train-en.tsv": words_file(make("en", 12, 2)) for n, make in tagging.items()},
    }
    for code in LANGUAGES:
        for name, make in (("xnli", nli_pairs), ("pawsx", paraphrases)):
            files[f"{name}/dev-{code}.tsv"] = pairs_file(make(code, 8))
            files[f"{name}/test-{code}.tsv"] = pairs_file(make(code, 8, 4), labels=test)
        for name, tags in tagging.items():
            files[f"{name}/dev-{code}.tsv"] = words_file(tags(code, 8))
            files[f"{name}/test-{code}.tsv"] = words_file(tags(code, 8, 4), labels=test)
        files[f"xquad/xquad.{code}.json"] = squad_file(articles(code, 4, answers=answers))
        for split, start in (("dev", 40), ("test", 44)):
            data = articles(code, 4, start, answers=answers or split == "dev")
            path = f"mlqa/MLQA_V1/{split}/{split}-context-{code}-question-{code}.json"
            files[path] = squad_file(data)
    for code in TYDIQA_LANGUAGES:
        place = f"tydiqa/tydiqa-goldp-v1.1-{{0}}/tydiqa.goldp.{code}.{{0}}.json"
        count = 12 if code == "en" else 4
        files[place.format("train")] = squad_file(articles(code, count, 4, prefix=""))
        files[place.format("dev")] = squad_file(articles(code, 4, answers=answers))
    files["squad/train-v1.1.json"] = squad_file(articles("en", 12, 20, prefix="s"))
    files["squad/dev-v1.1.json"] = squad_file(articles("en", 8))
    return files


def xtreme_folder(tmp_path: Path, labels: Labels = "published") -> Path:
    """Writes a folder as XTREME's download script leaves it, with about 8 examples of each split.

    In it are xnli, pawsx, udpos, panx, xquad, mlqa, tydiqa and squad.

    Args:
        tmp_path: the folder is made in it.
        labels: ``published``: test tables without labels, as XTREME has them, and questions with their
            answers, as their publishers have them; ``all``: labels everywhere; ``none``: no test labels
            at all, as XTREME's script leaves the files of questions too.

    Returns:
        The folder. XQuAD's four passages are also SQuAD dev's, as in the published data.
    """
    folder = tmp_path / "xtreme"
    for name, text in xtreme_files(labels).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
    return folder


def conllu_sentence(sentence: Tagged, *, name: str = "s-1") -> str:
    """A sentence of CoNLL-U whose words depend on nothing."""
    rows = [
        f"{number}\t{word}\t_\t{tag}\t_\t_\t0\troot\t_\t_"
        for number, (word, tag) in enumerate(sentence, start=1)
    ]
    return "\n".join([f"# sent_id = {name}", *rows]) + "\n\n"


def wikiann_file(language: str, sentences: Iterable[Tagged]) -> str:
    """A file of WikiANN: words with their language before them."""
    return words_file([(f"{language}:{word}", tag) for word, tag in s] for s in sentences)


def tydiqa_file(*languages: tuple[str, str, int, int]) -> str:
    """TyDiQA-GoldP's file of all languages: (name in ids, code, passages, the first one's number)."""
    return squad_file(
        [
            article
            for name, code, count, start in languages
            for article in articles(code, count, start, prefix=f"{name}-")
        ]
    )


_HUB_TAGS = (
    *("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN"),
    *("PUNCT", "SCONJ", "SYM", "VERB", "X"),
)
_HUB_ENTITIES = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")


def hub_words(sentence: Tagged, column: str) -> dict[str, Any]:
    """A row of tagged words as the hub has it, with numbers for tags."""
    names = _HUB_TAGS if column == "pos_tags" else _HUB_ENTITIES
    return {
        "tokens": [word for word, _ in sentence],
        column: [names.index(tag) for _, tag in sentence],
    }


def hub_questions(data: Iterable[Mapping[str, Any]]) -> Rows:
    """Rows of questions as the hub has them."""
    return [
        {
            "id": asked["id"],
            "title": "",
            "context": paragraph["context"],
            "question": asked["question"],
            "answers": {
                name: [answer[name] for answer in asked["answers"]]
                for name in ("text", "answer_start")
            },
        }
        for article in data
        for paragraph in article["paragraphs"]
        for asked in paragraph["qas"]
    ]
