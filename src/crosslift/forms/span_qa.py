"""Span question answering: the span of a passage that answers a question, or that there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.packing import PackedBatch
from crosslift.errors import DataError
from crosslift.forms.checked_fields import check_spans, filled_column
from crosslift.forms.form import FormOptions, Rows, Split, StepLoss, epoch_rows
from crosslift.forms.forward import batch_states, count_tokens, distinct_ids, read_tokens
from crosslift.forms.heads import TokenHead, seeded
from crosslift.forms.passages import QuestionWindows
from crosslift.metrics.answers import answer_scores
from crosslift.ranks.ranks import ALONE, Ranks
from crosslift.sources.record import Record


@dataclass(frozen=True, slots=True)
class SpanQA:
    """Predicts the first and the last token of the answer in the passage.

    | field | what it holds |
    |---|---|
    | text ``question`` | the question |
    | text ``passage`` | contains the answer |
    | ``spans`` | right answers, in characters of the passage; of several, training uses the first that
    is \
completely in a window, and dev uses all |

    Question and passage are one sequence, as a pair. A passage that is too long is cut into overlapping
    windows, and each window is a training row. If it contains no answer, the target is the first token
    of the sequence.

    Args:
        question, passage: names of the records' columns.
        unanswerable: some questions have no answer (SQuAD 2.0): on dev, the answer is empty if the
            first token scores above the best span.
        stride: tokens from the beginning of one window to the beginning of the next (``doc_stride``);
            at most half of the room beside the question.
        longest_answer: most tokens of a predicted answer.

    Source: Devlin et al. 2019 (arXiv 1810.04805), sections 4.2 and 4.3.
    """

    question: str = "question"
    passage: str = "passage"
    unanswerable: bool = False
    stride: int = 128
    longest_answer: int = 30
    name: str = "span-qa"

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of question and passage."""
        return (self.question, self.passage)

    def open(self, encoder: Encoder, train: Split, dev: Split, options: FormOptions) -> OpenSpanQA:
        """Tokenises and cuts the passages and makes the head, seeded by the options.

        Raises:
            DataError: the stride or the longest answer is below 1.
        """
        for setting, value in (("stride", self.stride), ("longest_answer", self.longest_answer)):
            if value < 1:
                raise DataError(f"{setting} {value} of span QA", "1 or more")
        return OpenSpanQA(self, encoder, train, dev, options)

    def windows(
        self, encoder: Encoder, records: Sequence[Record], *, labelled: bool = True
    ) -> QuestionWindows:
        """The records in windows that fit the encoder; answers of unlabelled records are not
        checked."""
        questions = filled_column(records, self.question)
        passages = filled_column(records, self.passage)
        if labelled:
            check_spans(records, passages, self.unanswerable)
        return QuestionWindows(encoder, records, questions, passages, self.stride)

    def cut(self, encoder: Encoder, records: Sequence[Record]) -> dict[str, int]:
        """How many passages are cut into windows, without loss, and how many questions lose their end,
        because they exceed the encoder's length."""
        windows = self.windows(encoder, records, labelled=False)
        several = Counter(window.question for window in windows.windows)
        return {
            "passages in several windows": sum(count > 1 for count in several.values()),
            "questions without their end": windows.cut_questions,
        }

    def head(self, encoder: Encoder, seed: int = 0) -> TokenHead:
        """A head for first and last token, with initial weights that depend on the seed alone."""
        return seeded(lambda: TokenHead(encoder.state_width, 2), seed, encoder.device)

    def answers(
        self,
        encoder: Encoder,
        head: TokenHead,
        records: Sequence[Record],
        ranks: Ranks = ALONE,
    ) -> list[str]:
        """The answer of a trained encoder and head to each question; empty if they predict none."""
        windows = self.windows(encoder, records, labelled=False)
        return answers_of(self, _decoded(self, encoder, head, windows, 1, ranks))

    def n_best(
        self,
        encoder: Encoder,
        head: TokenHead,
        records: Sequence[Record],
        count: int,
        ranks: Ranks = ALONE,
    ) -> list[list[Answer]]:
        """The best answers to each question, best first, at most ``count``, without repeated texts."""
        windows = self.windows(encoder, records, labelled=False)
        questions = _decoded(self, encoder, head, windows, count, ranks)
        return [question.answers for question in questions]


class OpenSpanQA:
    """Span QA opened on an encoder; its rows are windows."""

    def __init__(
        self, form: SpanQA, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> None:
        self.form = form
        self.encoder = encoder
        self.head = form.head(encoder, options.seed)
        self._locked = options.text_locked
        self._ranks = options.ranks
        self._windows = form.windows(encoder, train.records)
        self._targets = self._windows.targets()
        self._dev = form.windows(encoder, dev.records)
        self.size = len(self._windows.windows)

    @property
    def windows_with_answer(self) -> int:
        """Number of training windows that contain an answer."""
        return int((self._targets[:, 1] > 0).sum())

    def token_ids(self) -> Iterable[int]:
        """Ids of every token of the training and dev texts."""
        return distinct_ids(self._windows.token_ids(), self._dev.token_ids())

    def draw(self, start: int, count: int, seed: int) -> Rows:
        """Shuffled epochs of the windows."""
        return epoch_rows(self.size, start, count, seed)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """The mean of the cross-entropies of first and last token, each over all tokens of its
        sequence."""
        del generator
        sequences = [self._windows.sequence(row) for row in rows]
        share = self._ranks.balanced([len(sequence) for sequence in sequences])
        states, batch = batch_states(self.encoder, sequences, locked=self._locked, share=share)
        scores = side_by_side(self.head(states), batch)
        targets = torch.from_numpy(self._targets[rows[share.run]]).to(scores.device)
        loss = torch.nn.functional.cross_entropy(scores, targets)
        return StepLoss(share.of_mean(loss), count_tokens(sequences))

    def dev_scores(self) -> dict[str, float]:
        """Exact match and F1 on the dev records; if some questions have no answer, also separately for
        questions with and without answer."""
        if not self._dev.records:
            return {}
        answers = self.dev_answers()
        return self._ranks.once(lambda: self._scores_of(answers))

    def _scores_of(self, answers: list[str]) -> dict[str, float]:
        records = self._dev.records
        right = [
            [passage[start:end] for start, end in record.spans]
            for record, passage in zip(records, self._dev.passages, strict=True)
        ]
        scores = answer_scores(answers, right)
        dev_scores = {"dev_exact_match": scores.exact_match, "dev_answer_f1": scores.answer_f1}
        if self.form.unanswerable:
            by_kind = {
                "dev_has_answer_exact_match": scores.has_answer_exact_match,
                "dev_has_answer_f1": scores.has_answer_f1,
                "dev_no_answer_accuracy": scores.no_answer_accuracy,
            }
            dev_scores |= {name: value for name, value in by_kind.items() if value is not None}
        return dev_scores

    def dev_answers(self) -> list[str]:
        """The answer to each dev question: the best over its windows; empty if none is predicted."""
        questions = _decoded(self.form, self.encoder, self.head, self._dev, 1, self._ranks)
        return answers_of(self.form, questions)


def answers_of(form: SpanQA, questions: Sequence[DecodedQuestion]) -> list[str]:
    """The best answer to each question; empty if none is predicted."""
    texts = []
    for question in questions:
        best = question.answers[0] if question.answers else Answer("", float("-inf"))
        unanswered = form.unanswerable and question.no_answer_score > best.score
        texts.append("" if unanswered else best.text)
    return texts


class Answer(NamedTuple):
    """A piece of a passage, with the score of its first token plus that of its last."""

    text: str
    score: float


class DecodedQuestion(NamedTuple):
    """The decoded answers to a question: the best ones, and the score of no answer."""

    answers: list[Answer]
    no_answer_score: float


class _DecodedWindow(NamedTuple):
    """The best spans of a window, in tokens of the passage, with scores; the score of no answer."""

    spans: list[tuple[tuple[int, int], float]]
    no_answer_score: float


def _decoded(
    form: SpanQA,
    encoder: Encoder,
    head: TokenHead,
    windows: QuestionWindows,
    count: int,
    ranks: Ranks,
) -> list[DecodedQuestion]:
    """The best answers to each question of some windows.

    Args:
        form: form of the task, which limits the length of an answer.
        encoder: trained encoder.
        head: trained head: it scores a token as the first and as the last of an answer.
        windows: windows of the questions.
        count: most answers to a question.
        ranks: each reads its share of the windows.
    """

    def read(number: int, scores: NDArray[np.float32]) -> _DecodedWindow:
        begin, (first, after) = windows.passage_begin(number), windows.windows[number].tokens
        starts, ends = scores[begin : begin + after - first].T
        spans = best_spans(starts, ends, form.longest_answer, count)
        places = [((span.start + first, span.end + first), span.score) for span in spans]
        return _DecodedWindow(places, float(scores[0].sum()))

    sequences = [windows.sequence(number) for number in range(len(windows.windows))]
    return _best_of_windows(windows, read_tokens(encoder, head, sequences, read, ranks), count)


def _best_of_windows(
    windows: QuestionWindows, decoded_windows: Sequence[_DecodedWindow], count: int
) -> list[DecodedQuestion]:
    """The best spans of each question over all its windows.

    A span in two overlapping windows has the higher of its scores. Among equal scores, the span of the
    earlier window comes first, then the earlier span.
    """
    spans: list[dict[tuple[int, int], tuple[float, int]]] = [{} for _ in windows.records]
    no_answer_scores = [float("inf")] * len(windows.records)
    for number, (window, best) in enumerate(zip(windows.windows, decoded_windows, strict=True)):
        question = spans[window.question]
        for place, score in best.spans:
            question[place] = max(question.get(place, _NEVER), (score, -number))
        no_answer_scores[window.question] = min(
            no_answer_scores[window.question], best.no_answer_score
        )
    questions = []
    for number, question in enumerate(spans):
        order = sorted(question, key=lambda place: (*(-x for x in question[place]), place))
        texts: dict[str, float] = {}
        for place in order:
            texts.setdefault(windows.text_between(number, *place), question[place][0])
        answers = [Answer(text, score) for text, score in texts.items()][:count]
        questions.append(DecodedQuestion(answers, no_answer_scores[number]))
    return questions


_NEVER = (float("-inf"), 0)


@dataclass(frozen=True, slots=True)
class Span:
    """A run of tokens.

    Args:
        score: score of its first token as the first, plus score of its last token as the last.
        start: index of the first token.
        end: index of the last token.
    """

    score: float
    start: int
    end: int


def best_spans(
    starts: NDArray[np.float32], ends: NDArray[np.float32], longest: int, count: int
) -> list[Span]:
    """The runs of at most ``longest`` tokens with the highest scores, best first; among equals, the
    earliest first, then the shortest.

    All runs are compared, not only those of the best first and last tokens.

    Example::

        starts 1 5 0, ends 9 1 2, longest 2, count 2  ->  0 to 0 (10), then 1 to 2 (7)
        starts 5 0 0, ends 0 0 9, longest 2, count 1  ->  1 to 2 (9)

    Args:
        starts: float32 [T], score of each token as the first.
        ends: float32 [T], score of each token as the last.
        longest: most tokens of the run.
        count: most runs to return.
    """
    if len(starts) == 0:
        return []
    width = min(longest, len(ends))
    beyond = np.full(width - 1, -np.inf, np.float32)
    following = np.lib.stride_tricks.sliding_window_view(np.concatenate([ends, beyond]), width)
    scores = (starts[:, None] + following).ravel()
    best = scores.argmax(keepdims=True)
    places = best if count == 1 else np.argsort(-scores, kind="stable")[:count]
    runs = [(float(scores[place]), *divmod(int(place), width)) for place in places]
    return [Span(score, start, start + extra) for score, start, extra in runs if score > -np.inf]


def side_by_side(scores: Tensor, batch: PackedBatch) -> Tensor:
    """Scores of packed tokens as one row per sequence, in the caller's order.

    Args:
        scores: [T, K] of the packed tokens.
        batch: N sequences, the longest of L tokens.

    Returns:
        [N, L, K]; minus infinity after the end of a sequence.
    """
    longest = max(block.length for block in batch.blocks)
    rows = scores.new_full((len(batch.inverse), longest, scores.shape[1]), float("-inf"))
    sequence = torch.cumsum(batch.positions == 0, dim=0) - 1
    return rows.index_put((sequence, batch.positions), scores)[batch.inverse]
