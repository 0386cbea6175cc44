"""LAReQA's XQuAD-R and MLQA-R (Roy et al. 2020, arXiv 2004.05484): questions search the sentences of
all languages in one pool.

``de.json``, ``en.json``, ... have SQuAD's layout; each paragraph has its ``sentences``, and their
places in ``sentence_breaks``. A question has one id in all languages, and its answers are the sentences
that hold the answer, one in each language that asks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from crosslift.artifacts.parse import parse_json
from crosslift.errors import DataError
from crosslift.sources.bitext_names import code_in_name
from crosslift.sources.folder_entries import entries_of
from crosslift.sources.judged.collection import Reader, pool_of
from crosslift.sources.judged.judged_set import JudgedSet
from crosslift.sources.text_files import read_text

_LAYOUT = "XQuAD-R's layout: data > paragraphs > qas, sentences and sentence_breaks"


@dataclass(frozen=True)
class LareqaFiles:
    """The files of a folder, which make one pool.

    Args:
        files: language -> its file.
    """

    files: tuple[tuple[str, Path], ...]
    default_pool: ClassVar[None] = None

    def sets(self, reader: Reader) -> Iterator[JudgedSet]:
        """The questions of each language.

        Raises:
            DataError: a file of another layout, a question twice, or an answer in no sentence.
        """
        del reader  # questions and sentences are in one file
        sentences: dict[str, dict[str, str]] = {}
        questions: dict[str, dict[str, str]] = {}
        grades: dict[str, dict[str, float]] = {}
        for language, path in self.files:
            sentences[language], questions[language] = {}, {}
            for number, paragraph in enumerate(_paragraphs(path)):
                names = [
                    f"{number:06d}.{place:03d}" for place in range(len(paragraph["sentences"]))
                ]
                pairs = zip(names, paragraph["sentences"], strict=True)
                sentences[language] |= {name: str(s).strip() for name, s in pairs if str(s).strip()}
                for question in paragraph["qas"]:
                    item, text, place = _question(question, paragraph["sentence_breaks"], path)
                    if item in questions[language]:
                        raise DataError(f"{path}: question {item!r} twice", "each id once")
                    questions[language][item] = text
                    grades.setdefault(item, {})[f"{language}/{names[place]}"] = 1.0
        pool = pool_of(sentences, parallel=True)
        for language, texts in questions.items():
            of_language = {item: grades[item] for item in texts}
            yield JudgedSet(language, texts, pool, of_language, same_queries=True).answered()


def lareqa(folder: Path) -> list[LareqaFiles] | None:
    """The files of XQuAD-R or MLQA-R in a folder; None if there are none."""
    named = [(code_in_name(p.stem), p) for p in entries_of(folder, _LAYOUT) if p.suffix == ".json"]
    files = tuple((code, path) for code, path in named if code and path.is_file())
    return [LareqaFiles(files)] if files else None


def _paragraphs(path: Path) -> Iterator[dict[str, Any]]:
    whole = parse_json(read_text(path), str(path))
    articles = whole.get("data") if isinstance(whole, dict) else None
    for article in _objects(articles, path):
        for paragraph in _objects(article.get("paragraphs"), path):
            _objects(paragraph.get("qas"), path)
            sentences, breaks = paragraph.get("sentences"), paragraph.get("sentence_breaks")
            if not isinstance(sentences, list) or not isinstance(breaks, list):
                raise DataError(f"{path}: a paragraph without sentences", _LAYOUT)
            if len(sentences) != len(breaks) or not all(map(_is_span, breaks)):
                raise DataError(
                    f"{path}: {len(sentences)} sentences with {len(breaks)} breaks",
                    "a start and an end of each sentence",
                )
            yield paragraph


def _objects(value: object, path: Path) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise DataError(f"{path} has no list of objects where one is expected", _LAYOUT)
    return value


def _is_span(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(v, int) for v in value)


def _question(
    question: dict[str, Any], breaks: Sequence[Sequence[int]], path: Path
) -> tuple[str, str, int]:
    """The id and the text of a question, and the place of the sentence with its first answer."""
    item, text = question.get("id"), question.get("question")
    place = f"{path}, question {item!r}"
    if not isinstance(item, str) or not isinstance(text, str) or not text.strip():
        raise DataError(f"{place}: {text!r}", "an id and a question")
    answers = _objects(question.get("answers"), path)
    start = answers[0].get("answer_start") if answers else None
    for number, (first, end) in enumerate(breaks):
        if isinstance(start, int) and first <= start < end:
            return item, text.strip(), number
    raise DataError(f"{place}: its answer at {start} is in no sentence", "a start in a sentence")
