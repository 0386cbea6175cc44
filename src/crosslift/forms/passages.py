"""Questions on passages as sequences of tokens, one per window of a passage, and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosslift.encoders.load_encoder import Encoder
from crosslift.encoders.tokens import (
    Ids,
    LocatedTokens,
    frame_of_pairs,
    locate_tokens,
    tokenise_bare,
)
from crosslift.errors import DataError
from crosslift.forms.windows import Window, overlapping_windows
from crosslift.sources.record import Record


@dataclass(frozen=True, slots=True)
class QuestionWindow:
    """One window of a question's passage.

    Args:
        question: index of the question.
        tokens: tokens of the passage in the window.
    """

    question: int
    tokens: Window


class QuestionWindows:
    """The questions of a split, cut into windows that fit the encoder.

    Args:
        encoder: the encoder; its prompt comes before the question.
        records: N records with checked spans.
        questions: questions of the records; a question that fills more than half of a sequence is cut.
        passages: passages of the records; equal passages are tokenised once.
        stride: see `overlapping_windows`.

    Attributes:
        cut_questions: number of questions that lose their end.

    Raises:
        DataError: the encoder's length is too short.
    """

    def __init__(
        self,
        encoder: Encoder,
        records: Sequence[Record],
        questions: Sequence[str],
        passages: Sequence[str],
        stride: int,
    ) -> None:
        self.records = records
        self.passages = passages
        self._frame = frame_of_pairs(encoder)
        room = encoder.reading.max_tokens - len(self._frame)
        if room < 2:
            raise DataError(
                f"max_tokens {encoder.reading.max_tokens} leaves {room} for question and passage",
                f"{len(self._frame) + 2} or more",
            )
        prompted = [encoder.reading.prompt + question for question in questions]
        whole = tokenise_bare(encoder, prompted)
        self.cut_questions = sum(len(ids) > room // 2 for ids in whole)
        self._questions = [ids[: room // 2] for ids in whole]
        distinct = list(dict.fromkeys(passages))
        located = dict(zip(distinct, locate_tokens(encoder, distinct), strict=True))
        self._passages = [located[passage] for passage in passages]
        self.windows = [
            QuestionWindow(number, window)
            for number, (question, passage) in enumerate(
                zip(self._questions, self._passages, strict=True)
            )
            for window in overlapping_windows(len(passage.ids), room - len(question), stride)
        ]

    def sequence(self, number: int) -> Ids:
        """The token ids of a window: question and piece of the passage, int64 [T]."""
        window = self.windows[number]
        passage = self._passages[window.question].ids[slice(*window.tokens)]
        return self._frame.around(self._questions[window.question], passage)

    def passage_begin(self, number: int) -> int:
        """Index in the sequence of a window where the piece of the passage begins."""
        question = self._questions[self.windows[number].question]
        return len(self._frame.before) + len(question) + len(self._frame.between)

    def token_ids(self) -> list[Ids]:
        """The token ids of all frames, questions and passages."""
        passages = {id(passage): passage.ids for passage in self._passages}
        frame = self._frame.around([])
        return [frame, *self._questions, *passages.values()]

    def targets(self) -> NDArray[np.int64]:
        """First and last token of the answer in the sequence of each window, int64 [W, 2].

        Of several answers, it is the first that is completely in the window. If there is none: 0 and 0,
        the first token of the sequence.

        Raises:
            DataError: no token covers any character of an answer.
        """
        answers = [
            [_answer_tokens(record, span, passage) for span in record.spans]
            for record, passage in zip(self.records, self._passages, strict=True)
        ]
        targets = np.zeros((len(self.windows), 2), np.int64)
        for number, window in enumerate(self.windows):
            first, after = window.tokens
            for start, end in answers[window.question]:
                if first <= start and end < after:
                    shift = self.passage_begin(number) - first
                    targets[number] = start + shift, end + shift
                    break
        return targets

    def text_between(self, question: int, start: int, end: int) -> str:
        """The piece of a question's passage from one of its tokens to another, ``end`` included."""
        characters = self._passages[question].characters[start : end + 1]
        first, after = int(characters[:, 0].min()), int(characters[:, 1].max())
        return self.passages[question][first:after]


def _answer_tokens(
    record: Record, span: tuple[int, int], passage: LocatedTokens
) -> tuple[int, int]:
    """First and last token that cover any character of an answer, so that an answer that
    begins or ends inside a token is widened to that token."""
    covering = passage.covering(*span)
    if len(covering) == 0:
        raise DataError(
            f"record {record.id!r}: the tokenizer has no token for the answer at characters "
            f"{span[0]} to {span[1]}",
            "an answer that is not only space or marks the tokenizer leaves out",
        )
    return int(covering[0]), int(covering[-1])
