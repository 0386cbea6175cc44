"""What a protocol is: exactly how a score is computed. `protocols` declares all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, NamedTuple

from crosslift.encoders.encoder_folder import prompt_of
from crosslift.encoders.encoder_settings import EncoderSettings, Pooling
from crosslift.metrics.answers import AnswerRules
from crosslift.metrics.table import metric_named
from crosslift.retrieval.margin import Margin, RatioOver
from crosslift.retrieval.margin_mining import Retrieval

Direction = Literal[
    "xx->en",
    "en->xx",
    "xx->yy",
    "yy->xx",
    "both",
    "mining",
    "gold->en",
    "text->picture",
    "picture->text",
    "picture->class",
    "text->4 pictures",
    "zero-shot",
    "graded",
    "query->passage",
    "task",
]
Split = Literal["dev", "training", "test"]
TunedWeights = Literal["best", "last", "average", "oracle"]
"""Which weights of a fine-tuning answer: those that model selection on English keeps; those at the end
of the budget; the mean of those at all dev evaluations; for each language, those best for it."""
OURS = "crosslift"
"""Name of a target's own protocols."""


class HiddenStateRule(NamedTuple):
    """Which hidden state a protocol pools, of an encoder of any depth.

    Args:
        words: for people.
        of: maps the number of layers to the index; 0 is the embedding output.
    """

    words: str
    of: Callable[[int], int]


class PromptRule(NamedTuple):
    """Which prompt a protocol puts before every text, of any encoder.

    Args:
        words: for people.
        of: maps an encoder's settings to the prompt; empty for none.
    """

    words: str
    of: Callable[[EncoderSettings], str]


@dataclass(frozen=True, slots=True)
class Mining:
    """How pairs are mined from two sides and scored.

    Args:
        margin: margin of the scores (Artetxe and Schwenk 2019, arXiv 1811.01136).
        neighbours: k of the margin.
        retrieval: the side whose best candidates become pairs.
        ratio_over: the mean cosines by which the margin `ratio` may divide; others raise an error.
        scores_above: pairs with a score of at most this are dropped; None: all pairs stay.
        threshold_source: the split whose gold the threshold is fitted on. If it is missing, or is the
            split that is scored, the threshold of one half of the src texts is applied to the other,
            and the result says so.
        repeated_texts: ``united``: a text that appears twice is one; ``dropped``: a mined pair with
            such a text counts as not extracted, and its gold as not found.
    """

    margin: Margin = "ratio"
    neighbours: int = 4
    retrieval: Retrieval = "max"
    ratio_over: RatioOver = "means above 0"
    scores_above: float | None = None
    threshold_source: Split = "dev"
    repeated_texts: Literal["united", "dropped"] = "united"


@dataclass(frozen=True, slots=True)
class Protocol:
    """Exactly how a score is computed.

    Args:
        name: "crosslift" for ours, else the project that defines it.
        direction: from queries to candidates; ``both``: the mean of the two directions; ``gold->en``:
            the queries are the texts that have a translation.
        metric: name of the primary metric, see `crosslift.metrics.table`.
        pooling: pooling of the tokens; None: the pooling of the encoder.
        prompt: prepended to every text; None: the prompt of the encoder.
        hidden_state: the pooled hidden state; None: the hidden state of the encoder.
        similarity: similarity of two vectors.
        ties: how a candidate with the gold's score counts.
        mining: how pairs are mined; None: every query has an answer, and candidates are ranked.
        reproduces: the file of the other project that defines it.
        answer_rules: how answers to questions are compared with the right ones; None: no questions.
        weights: which weights answer labelled examples after fine-tuning.

    Raises:
        UnknownNameError: there is no such metric.
    """

    name: str
    direction: Direction
    metric: str = "top1_accuracy"
    pooling: Pooling | None = None
    prompt: PromptRule | None = None
    hidden_state: HiddenStateRule | None = None
    similarity: Literal["cosine"] = "cosine"
    ties: str = "expected value under a random order of the tied"
    mining: Mining | None = None
    reproduces: str | None = None
    answer_rules: AnswerRules | None = None
    weights: TunedWeights = "best"

    def __post_init__(self) -> None:
        metric_named(self.metric)

    @property
    def id(self) -> str:
        """Short id of the protocol, as in results."""
        return f"{self.name}/{self.direction}"

    @property
    def code_modules(self) -> tuple[str, ...]:
        """The module that computes the outcomes of its metric, if the metric does so itself."""
        return metric_named(self.metric).code_modules

    @property
    def own_reading(self) -> bool:
        """Whether texts are read with the settings of the encoder."""
        return self.pooling is None and self.prompt is None and self.hidden_state is None

    def reading(self, settings: EncoderSettings, layers: Callable[[], int]) -> EncoderSettings:
        """The settings with which texts are read; those of the encoder if the protocol changes nothing.

        Args:
            settings: settings of the encoder.
            layers: returns its number of layers; called only if the protocol needs it.

        Raises:
            EncoderError: the encoder's files cannot be found or fetched.
        """
        changes: dict[str, Any] = {"pooling": self.pooling}
        prompt = None if self.prompt is None else self.prompt.of(settings)
        if prompt is not None and prompt != prompt_of(settings):
            changes["prompt"] = prompt
        if self.hidden_state is not None:
            changes["hidden_state"] = self.hidden_state.of(layers())
        return settings.model_copy(update={k: v for k, v in changes.items() if v is not None})

    def facts(self) -> dict[str, Any]:
        """All fields, JSON-like; for labelled examples, only those that apply to them."""
        if self.direction == "zero-shot":
            names = ("name", "direction", "metric", "reproduces", "answer_rules")
            weights = {} if self.weights == "best" else {"weights": self.weights}
            return {name: getattr(self, name) for name in names} | weights
        facts = {field.name: getattr(self, field.name) for field in fields(self)}
        for rule in ("hidden_state", "prompt"):
            facts[rule] = facts[rule].words if facts[rule] else None
        del facts["answer_rules"], facts["weights"]
        mining = facts.pop("mining")
        return facts | (asdict(mining) if mining else {"threshold_source": None})
