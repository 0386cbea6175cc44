"""Scores of answers that are spans of text: exact match and F1 over words, by the rules of SQuAD and
MLQA."""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from crosslift.errors import DataError, UnknownNameError

AnswerRules = Literal["squad", "mlqa"]
"""The normalisation of answers: SQuAD 1.1's for every language, or MLQA's for each language."""
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_MLQA_ARTICLES: Mapping[str, str | None] = {
    "ar": "ال",  # anywhere in a word: the article is a prefix
    "de": r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "en": r"\b(?:a|an|the)\b",
    "es": r"\b(?:un|una|unos|unas|el|la|los|las)\b",
    "hi": None,
    "vi": r"\b(?:của|là|cái|chiếc|những)\b",
    "zh": None,
}
_HAN = re.compile("([\u4e00-\u9fa5])")


def normalise_answer(text: str) -> str:
    """An answer in SQuAD's normal form: lower case, without ASCII punctuation and English articles,
    with one space between words.

    Only English has these articles, and a text without spaces is one word: scores of other
    languages with this normalisation are those of XQuAD, not of MLQA.

    Example::

        "The  Cat!"      ->  "cat"
        "an A-frame"     ->  "aframe"
        "the"            ->  ""

    Source: Rajpurkar et al. 2016 (arXiv 1606.05250), section 6.1.
    """
    bare = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def exact_match(predicted: str, answers: Sequence[str]) -> float:
    """1 if the normalised prediction is any of the normalised answers, else 0.

    Example::

        "the cat", ("cat", "a dog")  ->  1
        "cats", ("cat",)             ->  0
        "", ()                       ->  1      correctly no answer

    Args:
        predicted: the predicted answer; empty for no answer.
        answers: all correct ones; empty if the question has no answer.
    """
    normalised = normalise_answer(predicted)
    return float(any(normalised == answer for answer in _normalised(answers)))


def answer_f1(predicted: str, answers: Sequence[str]) -> float:
    """The F1 of the prediction's words against those of the answer it fits best.

    If either is empty after normalisation, it is 1 if both are, else 0 (SQuAD 2.0).

    Example::

        "black cat", ("the cat",)       ->  2/3    precision 1/2, recall 1
        "black cat", ("a dog", "cat")   ->  2/3    of the best answer
        "cat", ()                       ->  0      there was no answer

    Args:
        predicted: as for `exact_match`.
        answers: as for `exact_match`.

    Returns:
        In [0, 1].

    Source: Rajpurkar et al. 2016 (arXiv 1606.05250), section 6.1; without answer: Rajpurkar et
    al. 2018 (arXiv 1806.03822), section 5.
    """
    words = normalise_answer(predicted).split()
    return max(_word_f1(words, answer.split()) for answer in _normalised(answers))


def _normalised(answers: Sequence[str]) -> list[str]:
    """The normalised answers that are not empty; if all are, only the empty text."""
    return [text for text in map(normalise_answer, answers) if text] or [""]


def _word_f1(predicted: list[str], correct: list[str]) -> float:
    if not predicted or not correct:
        return float(predicted == correct)
    both = sum((Counter(predicted) & Counter(correct)).values())
    return 2 * both / (len(predicted) + len(correct))


def question_scores(
    predicted: str, answers: Sequence[str], language: str, rules: AnswerRules
) -> tuple[float, float]:
    """Exact match and F1 of the answer to one question, as the official scorers compute them.

    Every question must have an answer (SQuAD 1.1, XQuAD, MLQA, TyDiQA-GoldP). Of several correct
    answers each score takes the best. Two texts that are empty after normalisation match, and their
    F1 is 0, as in both scorers; `answer_f1`, of SQuAD 2.0, returns 1 for them.

    Example::

        "black cat", ("the cat",), "en", "squad"  ->  0, 2/3
        "das Haus", ("Haus",), "de", "squad"      ->  0, 2/3     only English articles go
        "das Haus", ("Haus",), "de", "mlqa"       ->  1, 1
        "中国", ("中文",), "zh", "mlqa"           ->  0, 1/2     a Chinese character is a word

    Args:
        predicted: the predicted answer.
        answers: all correct ones, at least one.
        language: BCP-47 code of the answers' language; SQuAD's rules do not use it.
        rules: rules of normalisation.

    Returns:
        Exact match, 0 or 1, and F1 in [0, 1].

    Raises:
        DataError: there is no correct answer.
        UnknownNameError: a language for which MLQA has no rules.

    Source: Rajpurkar et al. 2016 (arXiv 1606.05250), section 6.1, and ``evaluate-v1.1.py``; Lewis
    et al. 2020 (arXiv 1910.07475), section 4, and ``mlqa_evaluation_v1.py``.
    """
    if not answers:
        raise DataError(f"no correct answer to score {predicted!r} against", "at least one answer")
    predicted_words, *correct = (_words(text, language, rules) for text in (predicted, *answers))
    overlaps = (
        _word_f1(predicted_words, words) if predicted_words and words else 0.0 for words in correct
    )
    return float(predicted_words in correct), max(overlaps)


def _words(text: str, language: str, rules: AnswerRules) -> list[str]:
    if rules == "squad":
        return normalise_answer(text).split()
    return normalise_mlqa_answer(text, language).split()


def normalise_mlqa_answer(text: str, language: str) -> str:
    """An answer in MLQA's normal form: lower case, without punctuation of any script and the
    language's articles, with one space between words; a Chinese character is a word.

    Example::

        "Die »Straße«!", "de"  ->  "straße"
        "في الصين", "ar"       ->  "في صين"
        "308分 NFL。", "zh"    ->  "308 分 nfl"

    Args:
        text: the answer.
        language: BCP-47 code: ar, de, en, es, hi, vi or zh, with any suffix.

    Raises:
        UnknownNameError: another language.

    Source: Lewis et al. 2020 (arXiv 1910.07475), section 4, and ``mlqa_evaluation_v1.py``.
    """
    base = language.partition("-")[0]
    if base not in _MLQA_ARTICLES:
        raise UnknownNameError("language of MLQA's answers", language, _MLQA_ARTICLES)
    bare = text.lower().translate(_unicode_punctuation())
    articles = _MLQA_ARTICLES[base]
    if articles:
        bare = re.sub(articles, " ", bare)
    if base == "zh":
        bare = _HAN.sub(r" \1 ", bare)
    return " ".join(bare.split())


@cache
def _unicode_punctuation() -> dict[int, None]:
    """Every character whose Unicode category is punctuation, and ASCII's symbols; all deleted."""
    codes = (c for c in range(sys.maxunicode + 1) if unicodedata.category(chr(c))[0] == "P")
    return dict.fromkeys([*codes, *map(ord, string.punctuation)])


@dataclass(frozen=True, slots=True)
class AnswerScores:
    """Mean scores of the answers to N questions, each in [0, 1].

    Args:
        exact_match: over all questions.
        answer_f1: over all questions.
        has_answer_exact_match: over the questions that have an answer; None if no question has.
        has_answer_f1: over the same questions.
        no_answer_accuracy: over the questions without answer, for which exact match and F1 are both
            1 if the prediction is empty and else 0; None if all questions have an answer.
    """

    exact_match: float
    answer_f1: float
    has_answer_exact_match: float | None
    has_answer_f1: float | None
    no_answer_accuracy: float | None


def answer_scores(predicted: Sequence[str], answers: Sequence[Sequence[str]]) -> AnswerScores:
    """Exact match and F1 of many questions, and separately of those with and without answer.

    Example::

        predicted "cat", "";  answers ("the cat", "pet"), ()  ->  all scores 1
        predicted "cat", "x"; answers ("the cat",), ()        ->  exact match 1/2, no answer 0

    Args:
        predicted: N texts; empty for no answer.
        answers: all correct answers of each question; empty if it has no answer.

    Raises:
        DataError: no question at all, or numbers that differ.
    """
    if len(predicted) != len(answers) or not answers:
        raise DataError(
            f"{len(predicted)} predicted answers to {len(answers)} questions",
            "one answer to each question, and at least one question",
        )
    pairs = list(zip(predicted, answers, strict=True))
    exact = np.array([exact_match(*pair) for pair in pairs])
    overlap = np.array([answer_f1(*pair) for pair in pairs])
    has = np.array([bool(correct) for correct in answers])
    return AnswerScores(
        exact_match=float(exact.mean()),
        answer_f1=float(overlap.mean()),
        has_answer_exact_match=float(exact[has].mean()) if has.any() else None,
        has_answer_f1=float(overlap[has].mean()) if has.any() else None,
        no_answer_accuracy=float(exact[~has].mean()) if not has.all() else None,
    )
