"""What ``crosslift word-pilot`` writes: at which hidden states translated words are aligned."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crosslift.results.result_record import ResultRecord

AlignmentKind = Literal["aligned", "in part", "anisotropy", "none"]
"""``aligned``: the margin is above 0 and retrieval above chance; ``in part``: one of the two;
``anisotropy``: neither, and random pairs have a cosine above 0.5; ``none``: neither."""


class Estimate(ResultRecord):
    """A figure with its interval over words."""

    value: float
    """The figure."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of the interval."""
    p: float
    """Two-sided, of the value being what it is without alignment: a margin of 0, or retrieval at
    chance; not corrected."""


class AlignmentFigures(ResultRecord):
    """What N pairs of words look like in one space."""

    pairs: float
    """Mean cosine of the N pairs."""
    random: float
    """Mean cosine of all N(N - 1) mismatched pairs."""
    margin: Estimate
    """``pairs`` minus ``random``."""
    src_to_tgt: Estimate
    """Share of the language's words whose English word is the first of all (top-1 retrieval)."""
    tgt_to_src: Estimate
    """The other way round."""
    both: Estimate
    """Mean of the two."""


class StateFinding(ResultRecord):
    """What holds at one hidden state."""

    hidden_state: int
    """Index of the hidden state; 0 is the embedding output."""
    kind: AlignmentKind
    """``aligned``: the margin is above 0 and retrieval above chance; ``in part``: one of the two;
    ``anisotropy``: neither, and random pairs have a cosine above 0.5; ``none``: neither."""
    anisotropic: bool
    """Whether random pairs have a cosine above 0.5."""
    p_margin: float
    """Of the margin, corrected after Holm over all hidden states."""
    p_retrieval: float
    """Of retrieval, the smaller of the two spaces' values, corrected likewise."""


class PilotState(StateFinding):
    """One hidden state: the finding, and the figures behind it."""

    as_is: AlignmentFigures
    """Of the vectors as they are."""
    centred: AlignmentFigures | None
    """After each side's mean over the same words was subtracted; null: nothing is left then."""
    not_centred: str
    """Why ``centred`` is null; else empty."""


class BestState(ResultRecord):
    """The aligned hidden state that finds most words after centring."""

    hidden_state: int
    """Index of the hidden state; the lowest of equals."""
    level_with: tuple[int, ...]
    """The other aligned states of which no difference to it is shown."""


class MeasuredWords(ResultRecord):
    """Which words a pilot measured."""

    lexicon: str
    """As it was named."""
    language: str
    """Language of the words that are not English."""
    checksum: str
    """Checksum of the lexicon."""
    pairs: int
    """Number of pairs of words, each word once on its side."""
    left_out: dict[str, int]
    """Reason -> pairs of the lexicon that are not measured."""


class SharedTokens(ResultRecord):
    """How often the two words of a pair have a token in common, which makes them alike at hidden
    state 0 whatever they mean."""

    pairs: float
    """Share of the pairs."""
    random: float
    """Share of all mismatched pairs."""


class WordReading(ResultRecord):
    """How the vectors of words were read."""

    pooling: str
    """Over the tokens of a word."""
    prompt: str
    """Before every word; empty for none."""
    max_tokens: int
    """Longer words are cut."""
    precision: str
    """Of the arithmetic."""


class WordPilot(ResultRecord):
    """What a pilot of word alignment found."""

    model: str
    """Name of the encoder."""
    words: MeasuredWords
    """What was measured."""
    reading: WordReading
    """How vectors were read."""
    shared_tokens: SharedTokens
    """How often words share a token."""
    chance: float
    """What retrieval gives without alignment: 1 / ``words.pairs``."""
    level: float
    """Level of the intervals."""
    alpha: float
    """Chance of any false finding among all tests of the pilot."""
    seed: int
    """Seed of the choice of pairs."""
    states: Annotated[tuple[PilotState, ...], Field(min_length=1)]
    """One a hidden state, ascending."""
    best: BestState | None
    """Null: words are aligned at no hidden state."""
    verdict: tuple[str, ...]
    """Sentences."""
