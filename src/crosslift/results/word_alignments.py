"""The output of ``crosslift word-pilot``: the hidden states at which translated words are aligned."""

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
    """Two-sided p-value against no alignment (a margin of 0, or retrieval at chance); not corrected."""


class AlignmentFigures(ResultRecord):
    """Figures of N pairs of words in one space."""

    pairs: float
    """Mean cosine of the N pairs."""
    random: float
    """Mean cosine of all N(N - 1) mismatched pairs."""
    margin: Estimate
    """``pairs`` minus ``random``."""
    src_to_tgt: Estimate
    """Share of the language's words that retrieve their English word first (top-1)."""
    tgt_to_src: Estimate
    """The same for the opposite direction."""
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
    """p-value of the margin, after Holm's correction over all hidden states."""
    p_retrieval: float
    """p-value of retrieval: the smaller one of the two spaces, after the same correction."""


class PilotState(StateFinding):
    """One hidden state: its class, and the figures behind it."""

    as_is: AlignmentFigures
    """Figures of the vectors without centring."""
    centred: AlignmentFigures | None
    """Figures after subtracting each side's mean over the same words; null: the result is zero."""
    not_centred: str
    """Why ``centred`` is null; else empty."""


class BestState(ResultRecord):
    """The aligned hidden state that retrieves the most words after centring."""

    hidden_state: int
    """Index of the hidden state; among equals the lowest."""
    level_with: tuple[int, ...]
    """The other aligned hidden states that are not shown to differ from it."""


class MeasuredWords(ResultRecord):
    """The words that a pilot measured."""

    lexicon: str
    """The lexicon, as the user named it."""
    language: str
    """Language of the words that are not English."""
    checksum: str
    """Checksum of the lexicon."""
    pairs: int
    """Number of pairs of words; each word appears once on its side."""
    left_out: dict[str, int]
    """Reason -> pairs of the lexicon that are not measured."""


class SharedTokens(ResultRecord):
    """How often the two words of a pair share a token, which makes them similar at hidden state 0
    whatever they mean."""

    pairs: float
    """Share of the pairs whose words share a token."""
    random: float
    """Share of all mismatched pairs whose words share a token."""


class WordReading(ResultRecord):
    """How the vectors of words were read."""

    pooling: str
    """Pooling over the tokens of a word."""
    prompt: str
    """The prompt before every word; empty: no prompt."""
    max_tokens: int
    """Maximum number of tokens; longer words are truncated."""
    precision: str
    """Precision of the arithmetic."""


class WordPilot(ResultRecord):
    """The result of a pilot of word alignment."""

    model: str
    """Name of the encoder."""
    words: MeasuredWords
    """The measured words."""
    reading: WordReading
    """How the encoder's vectors were read."""
    shared_tokens: SharedTokens
    """How often words share a token."""
    chance: float
    """Score of retrieval without alignment: 1 / ``words.pairs``."""
    level: float
    """Level of the intervals."""
    alpha: float
    """Probability of any false finding among all tests of the pilot."""
    seed: int
    """Seed of the random choice of pairs."""
    states: Annotated[tuple[PilotState, ...], Field(min_length=1)]
    """One entry for each hidden state, in ascending order."""
    best: BestState | None
    """The best aligned hidden state; null: none is aligned."""
    verdict: tuple[str, ...]
    """The verdict in sentences."""
