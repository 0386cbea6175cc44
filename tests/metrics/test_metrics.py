"""Scores that are not retrieval: by hand, against scikit-learn and scipy, and on faults."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from crosslift.errors import DataError, UnknownNameError
from crosslift.metrics.answers import (
    answer_f1,
    answer_scores,
    exact_match,
    normalise_answer,
    normalise_mlqa_answer,
    question_scores,
)
from crosslift.metrics.classes import accuracy, macro_f1, matthews
from crosslift.metrics.correlations import pearson, spearman
from crosslift.metrics.tags import chunk_counts, chunk_scores, chunks, tagging_accuracy

# Classes


def test_accuracy_is_an_outcome_for_each() -> None:
    assert accuracy([0, 2, 1], [0, 1, 1]).tolist() == [1.0, 0.0, 1.0]


def test_macro_f1_by_hand() -> None:
    assert macro_f1([0, 0, 1], [0, 1, 1]) == pytest.approx(2 / 3)
    assert macro_f1([0, 0, 0], [0, 0, 1]) == pytest.approx(2 / 5)
    assert macro_f1([7], [7]) == 1.0
    assert macro_f1([5, 5], [7, 7]) == 0.0


def test_matthews_by_hand() -> None:
    gold = [0, 1, 1, 0]
    assert matthews([0, 1, 1, 0], gold) == pytest.approx(1)
    assert matthews([1, 0, 0, 1], gold) == pytest.approx(-1)
    assert matthews([1, 1, 1, 1], gold) == 0
    assert matthews([0, 1, 1, 1], [0, 0, 1, 1]) == pytest.approx(1 / math.sqrt(3))


@pytest.mark.filterwarnings("ignore:A single label")
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_classes_against_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    predicted, gold = (list(side) for side in zip(*pairs, strict=True))
    assert accuracy(predicted, gold).mean() == pytest.approx(
        sklearn.metrics.accuracy_score(gold, predicted)
    )
    expected = sklearn.metrics.f1_score(gold, predicted, average="macro", zero_division=0)
    assert macro_f1(predicted, gold) == pytest.approx(expected)
    expected = sklearn.metrics.matthews_corrcoef(gold, predicted)
    assert matthews(predicted, gold) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("metric", [accuracy, macro_f1, matthews])
def test_classes_that_do_not_fit(metric) -> None:
    with pytest.raises(DataError, match="2 predicted classes and 3 correct ones"):
        metric([0, 1], [0, 1, 1])
    with pytest.raises(DataError, match="0 predicted classes"):
        metric([], [])


# Tags


def test_tagging_accuracy_is_over_words_not_sentences() -> None:
    assert tagging_accuracy([["N", "V"], ["N"]], [["N", "N"], ["N"]]) == pytest.approx(2 / 3)
    assert tagging_accuracy([[1, 1, 1], [0]], [[1, 1, 1], [1]]) == 0.75


def test_tags_that_do_not_fit() -> None:
    with pytest.raises(DataError, match="sentence 1: 2 predicted tags for 1 words"):
        tagging_accuracy([["N"], ["N", "V"]], [["N"], ["N"]])
    with pytest.raises(DataError, match="1 sentences for 2"):
        tagging_accuracy([["N"]], [["N"], ["N"]])
    with pytest.raises(DataError, match="no word"):
        tagging_accuracy([[]], [[]])


# Chunks of tags: what seqeval 1.2.2 gives, typed off


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("", []),
        ("O", []),
        ("B-LOC I-LOC O I-PER", [("LOC", 0, 1), ("PER", 3, 3)]),
        ("B-LOC B-LOC I-PER", [("LOC", 0, 0), ("LOC", 1, 1), ("PER", 2, 2)]),
        ("I-LOC I-LOC B-LOC", [("LOC", 0, 1), ("LOC", 2, 2)]),
        ("B-PER E-PER I-PER", [("PER", 0, 1), ("PER", 2, 2)]),
        ("S-LOC S-LOC", [("LOC", 0, 0), ("LOC", 1, 1)]),
        ("B-A-B I-A-B", [("A-B", 0, 1)]),
        ("B I O", [("_", 0, 1)]),
        ("NOUN NOUN VERB", [("OUN", 0, 1), ("ERB", 2, 2)]),
        ("SCONJ SCONJ", [("CONJ", 0, 0), ("CONJ", 1, 1)]),  # S starts and ends a chunk
        ("CCONJ CCONJ", [("CONJ", 0, 1)]),
        (
            "SCONJ CCONJ",
            [("CONJ", 0, 0), ("CONJ", 0, 1)],
        ),  # one type: only a B would start a new one
        ("INTJ INTJ", [("NTJ", 0, 1)]),
        ("X NOUN", [("_", 0, 0), ("OUN", 1, 1)]),
        ("NOUN X", [("OUN", 0, 0)]),  # the type of X is that of the O after the sentence
        ("X X", []),
        ("_ NOUN _ O", [("_", 0, 0), ("OUN", 1, 1)]),
    ],
)
def test_chunks_as_seqeval_reads_them(tags: str, expected: list[tuple[str, int, int]]) -> None:
    assert chunks(tags.split()) == expected


def test_counts_of_chunks_by_sentence() -> None:
    gold = [["B-LOC", "I-LOC", "O"], ["B-PER", "O"], ["O"], ["NOUN", "NOUN"]]
    predicted = [["B-LOC", "I-LOC", "O"], ["B-PER", "I-PER"], ["B-LOC"], ["NOUN", "VERB"]]
    counts = chunk_counts(predicted, gold)
    assert counts.dtype == np.int64
    assert counts.tolist() == [[1, 1, 1], [0, 1, 1], [0, 1, 0], [0, 2, 1]]
    scores = chunk_scores(counts)
    assert scores == pytest.approx((1 / 5, 1 / 3, 2 / 8))
    assert chunk_scores(counts[2]) == (0, 0, 0)
    assert chunk_scores(counts[:0]) == (0, 0, 0)


def test_a_sentence_that_begins_with_x_is_read_with_those_before() -> None:
    # the O after the first sentence has the type of X, so that X starts no chunk
    gold = [["NOUN"], ["X", "VERB"]]
    assert chunk_counts(gold, gold).tolist() == [[1, 1, 1], [2, 2, 2]]
    shifted = [["VERB"], ["X", "VERB"]]
    assert chunk_counts(shifted, gold).tolist() == [[0, 1, 1], [2, 2, 2]]
    earlier = [["NOUN", "VERB"], ["X", "VERB"]]
    later = [["NOUN", "NOUN"], ["X", "VERB"]]  # its X goes back to word 0, that of the other to 1
    assert chunk_counts(earlier, later).tolist() == [[0, 2, 1], [1, 2, 2]]


def test_no_chunk_crosses_two_sentences() -> None:
    both = [["B-LOC"], ["I-LOC"]]
    assert chunk_counts(both, both).tolist() == [[1, 1, 1], [1, 1, 1]]
    assert chunk_counts([["B-LOC", "I-LOC"]], [["B-LOC", "I-LOC"]]).tolist() == [[1, 1, 1]]


@given(
    st.lists(
        st.lists(st.tuples(*[st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B"])] * 2), max_size=7),
        min_size=1,
        max_size=5,
    )
)
def test_counts_against_the_chunks_of_each_sentence(pairs: list[list[tuple[str, str]]]) -> None:
    predicted, gold = ([[pair[side] for pair in s] for s in pairs] for side in (0, 1))
    expected = [
        [len({*chunks(a)} & {*chunks(b)}), len(chunks(a)), len(chunks(b))]
        for a, b in zip(predicted, gold, strict=True)
    ]
    assert chunk_counts(predicted, gold).tolist() == expected


def test_chunks_of_tags_that_do_not_fit() -> None:
    with pytest.raises(DataError, match="sentence 0: 2 predicted tags for 1 words"):
        chunk_counts([["O", "O"]], [["O"]])
    with pytest.raises(DataError, match="1 sentences for 0"):
        chunk_counts([["O"]], [])
    with pytest.raises(DataError, match="word 1 has an empty tag"):
        chunks(["O", ""])


# Answers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Cat!", "cat"),
        ("an A-frame", "aframe"),
        ("a", ""),
        ("the", ""),
        ("Theodor Anand", "theodor anand"),
        ("U.S.A.", "usa"),
        ("  in\tthe\nrain ", "in rain"),
        ("“the” cat", "“ ” cat"),  # only ASCII punctuation goes
        ("A.", ""),  # punctuation goes before articles
        ("DAS Haus", "das haus"),
    ],
)
def test_normalised_answers(text: str, expected: str) -> None:
    assert normalise_answer(text) == expected


def test_exact_match_by_hand() -> None:
    assert exact_match("the cat", ("cat", "a dog")) == 1
    assert exact_match("Dog", ("cat", "a dog.")) == 1
    assert exact_match("cats", ("cat",)) == 0
    assert exact_match("", ()) == 1
    assert exact_match("x", ()) == 0
    assert exact_match("", ("cat",)) == 0
    assert exact_match("", ("the",)) == 1  # an answer that is nothing once normalised


def test_answer_f1_by_hand() -> None:
    assert answer_f1("black cat", ("the cat",)) == pytest.approx(2 / 3)
    assert answer_f1("black cat", ("a dog", "cat")) == pytest.approx(2 / 3)
    assert answer_f1("cat cat", ("cat",)) == pytest.approx(2 / 3)  # a word counts once
    assert answer_f1("dog", ("cat",)) == 0
    assert answer_f1("one two three", ("three four one two",)) == pytest.approx(6 / 7)
    assert answer_f1("", ()) == 1
    assert answer_f1("cat", ()) == 0
    assert answer_f1("", ("cat",)) == 0


@given(st.text("abt .", max_size=12), st.lists(st.text("abt .", max_size=12), max_size=3))
def test_f1_is_1_where_the_match_is_exact_and_never_below_it(
    predicted: str, answers: list[str]
) -> None:
    exact, overlap = exact_match(predicted, answers), answer_f1(predicted, answers)
    assert exact <= overlap <= 1
    assert overlap == _slow_f1(predicted, answers)


def _slow_f1(predicted: str, answers: list[str]) -> float:
    """Word by word, each crossed out once it is matched."""

    def words(text: str) -> list[str]:
        bare = re.sub(r"[!-/:-@\[-`{-~]", "", text.lower())
        return [word for word in bare.split() if word not in ("a", "an", "the")]

    best = 0.0
    for right in [words(a) for a in answers if words(a)] or [[]]:
        predicted_words, rest, hits = words(predicted), list(right), 0
        for word in predicted_words:
            if word in rest:
                rest.remove(word)
                hits += 1
        if not predicted_words or not right:
            score = float(predicted_words == right)
        else:
            precision, recall = hits / len(predicted_words), hits / len(right)
            score = 2 * precision * recall / (precision + recall) if hits else 0.0
        best = max(best, score)
    return pytest.approx(best)


def test_separate_scores_with_and_without_answer() -> None:
    predicted = ["cat", "", "a black dog", "x"]
    answers = [("the cat", "pet"), (), ("dog",), ()]
    scores = answer_scores(predicted, answers)
    assert scores.exact_match == 0.5
    assert scores.answer_f1 == pytest.approx((1 + 1 + 2 / 3 + 0) / 4)
    assert scores.has_answer_exact_match == 0.5
    assert scores.has_answer_f1 == pytest.approx((1 + 2 / 3) / 2)
    assert scores.no_answer_accuracy == 0.5
    answered = answer_scores(["cat"], [("cat",)])
    assert (answered.has_answer_f1, answered.no_answer_accuracy) == (1.0, None)
    empty = answer_scores([""], [()])
    assert (empty.has_answer_f1, empty.no_answer_accuracy) == (None, 1.0)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Die »Straße«!", "de", "straße"),
        ("Einem der Häuser", "de", "häuser"),
        ("The U.S.A. – «now»", "en", "usa now"),
        ("el Río de la Plata", "es", "río de plata"),
        ("في الصين", "ar", "في صين"),
        ("القاهرة", "ar", "قاهرة"),
        ("những con mèo của tôi", "vi", "con mèo tôi"),
        ("वह एक घर है।", "hi", "वह एक घर है"),
        ("308分 NFL。", "zh", "308 分 nfl"),
        ("the 中国", "zh", "the 中 国"),
        ("「」", "zh", ""),
        ("5 $ + 3", "en", "5 3"),  # ASCII's symbols go too, though they are no punctuation
        ("5 € + 3", "en", "5 € 3"),
        ("中国", "zh-Hant", "中 国"),
    ],
)
def test_normalised_mlqa_answers(text: str, language: str, expected: str) -> None:
    assert normalise_mlqa_answer(text, language) == expected


def test_question_scores_by_hand() -> None:
    assert question_scores("black cat", ("the cat",), "en", "squad") == pytest.approx((0, 2 / 3))
    assert question_scores("black cat", ("dog", "Black cat."), "en", "squad") == (1, 1)
    assert question_scores("das Haus", ("Haus",), "de", "squad") == pytest.approx((0, 2 / 3))
    assert question_scores("das Haus", ("Haus",), "de", "mlqa") == (1, 1)
    assert question_scores("中国", ("中文",), "zh", "squad") == (0, 0)
    assert question_scores("中国", ("中文",), "zh", "mlqa") == (0, 0.5)
    assert question_scores("dog", ("cat",), "en", "mlqa") == (0, 0)


def test_texts_that_are_empty_once_normalised_match_without_overlap() -> None:
    assert question_scores("the", ("!", "x"), "en", "squad") == (1, 0)
    assert question_scores("", ("。",), "zh", "mlqa") == (1, 0)
    assert question_scores("", ("cat",), "en", "squad") == (0, 0)
    assert answer_f1("the", ("!",)) == 1  # SQuAD 2.0: correctly no answer


def test_questions_that_cannot_be_scored() -> None:
    with pytest.raises(DataError, match="no correct answer to score 'cat'"):
        question_scores("cat", (), "en", "squad")
    with pytest.raises(UnknownNameError, match="language of MLQA's answers 'fi'"):
        question_scores("cat", ("cat",), "fi", "mlqa")
    assert question_scores("kissa", ("kissa",), "fi", "squad") == (1, 1)


def test_answers_that_do_not_fit() -> None:
    with pytest.raises(DataError, match="1 predicted answers to 2 questions"):
        answer_scores(["a"], [("a",), ()])
    with pytest.raises(DataError, match="0 predicted answers"):
        answer_scores([], [])


# Correlations


def test_correlations_by_hand() -> None:
    assert pearson([1, 2, 3], [10, 20, 30]) == pytest.approx(1)
    assert pearson([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert pearson([0, 0, 1], [0, 1, 1]) == pytest.approx(0.5)
    assert spearman([1, 2, 3], [1, 10, 100]) == pytest.approx(1)
    assert spearman([1, 1, 2], [1, 2, 3]) == pytest.approx(math.sqrt(3) / 2)
    for metric in (pearson, spearman):
        assert metric([1, 2, 3], [5, 5, 5]) == 0
        assert metric([4, 4], [1, 2]) == 0


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=2, max_size=40))
def test_correlations_against_scipy(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs, float).T
    if np.ptp(first) and np.ptp(second):
        assert pearson(first, second) == pytest.approx(
            scipy.stats.pearsonr(first, second)[0], abs=1e-9
        )
        assert spearman(first, second) == pytest.approx(
            scipy.stats.spearmanr(first, second)[0], abs=1e-9
        )


def test_correlation_of_very_large_and_very_small_grades() -> None:
    assert pearson([1e200, 2e200, 3e200], [1e-200, 2e-200, 4e-200]) == pytest.approx(
        pearson([1, 2, 3], [1, 2, 4])
    )


def test_grades_that_do_not_fit() -> None:
    for metric in (pearson, spearman):
        with pytest.raises(DataError, match="of 1 and 1 grades"):
            metric([1], [1])
        with pytest.raises(DataError, match="of 3 and 2 grades"):
            metric([1, 2, 3], [1, 2])
        with pytest.raises(DataError, match="grade 1 is nan"):
            metric([1, math.nan], [1, 2])
        with pytest.raises(DataError, match="grade 0 is inf"):
            metric([1, 2], [math.inf, 2])
