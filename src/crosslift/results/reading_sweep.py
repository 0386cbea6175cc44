"""``sweep.json``: the chosen hidden states, poolings and prompts."""

from __future__ import annotations

from pydantic import model_validator

from crosslift.results.origins import OfArm
from crosslift.results.result_record import ResultRecord
from crosslift.wording import prompt_words

SWEEP_FILE = "sweep.json"


class SweptReading(ResultRecord):
    """One way to read vectors from an encoder."""

    hidden_state: int
    """Index of the hidden state that is pooled; 0 is the embedding output."""
    pooling: str
    """How its tokens become one vector."""
    prompt: str | None = None
    """The prompt before every text; empty: no prompt. null or absent: an earlier version, which tried
    only one."""

    def __str__(self) -> str:
        prompt = "" if self.prompt is None else f", {prompt_words(self.prompt)}"
        return f"hidden state {self.hidden_state}, {self.pooling}{prompt}"


class ScoredReading(SweptReading):
    """A way to read an encoder, and its score."""

    score: float
    """Its score on the reported data, in [0, 1]."""


class SweepCurve(ResultRecord):
    """The scores of one pooling and prompt, by hidden state."""

    pooling: str
    """How tokens become one vector."""
    prompt: str | None = None
    """The prompt before every text; empty: no prompt. null or absent: an earlier version, which tried
    only one."""
    hidden_states: tuple[int, ...]
    """The tried hidden states."""
    dev: tuple[float, ...]
    """Their scores on the data that the choice is based on, in [0, 1]."""
    rest: tuple[float, ...]
    """Their scores on the reported data, in [0, 1]."""

    @model_validator(mode="after")
    def _check_lengths(self) -> SweepCurve:
        sizes = (len(self.hidden_states), len(self.dev), len(self.rest))
        if len(set(sizes)) > 1 or 0 in sizes:
            raise ValueError(
                f"{self.pooling}: {sizes[0]} hidden states, {sizes[1]} scores of dev,"
                f" {sizes[2]} of the rest; expected as many of each, one or more"
            )
        return self


class ReadingChoice(ResultRecord):
    """The curves of one encoder, and the choice: the highest score on dev; among equals the highest
    hidden state, then the encoder's own prompt and pooling."""

    curves: tuple[SweepCurve, ...]
    """One for each pooling and prompt."""
    chosen: SweptReading
    """The chosen hidden state, pooling and prompt."""
    score: float
    """Score of the choice on the reported data, in [0, 1]."""
    default: ScoredReading
    """How the encoder is read by default."""

    def dev(self, reading: SweptReading) -> float | None:
        """The score of a reading on dev; None if it was not tried."""
        for curve in self.curves:
            alike = (curve.pooling, curve.prompt) == (reading.pooling, reading.prompt)
            if alike and reading.hidden_state in curve.hidden_states:
                return curve.dev[curve.hidden_states.index(reading.hidden_state)]
        return None

    @model_validator(mode="after")
    def _check_choice(self) -> ReadingChoice:
        if self.dev(self.chosen) is None:
            raise ValueError(f"{self.chosen} was chosen but is on none of the curves")
        return self


class SweepArm(ReadingChoice, OfArm):
    """The choice of one arm and seed."""


class Sweep(ResultRecord):
    """A choice of hidden state, pooling and prompt for each arm."""

    target: str
    """Name of the target."""
    metric: str
    """Metric of the scores."""
    direction: str | None = None
    """The direction of queries, such as ``xx->en``. null or absent: an earlier version, which did not
    record it (xx->en)."""
    chosen_on: str
    """The data that the choice is based on, in words."""
    reported_on: str
    """The data of the reported scores, in words."""
    arms: tuple[SweepArm, ...]
    """One entry for each arm and seed."""
