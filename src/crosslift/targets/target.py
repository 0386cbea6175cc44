"""What a target task is: data in many languages, a protocol, a primary metric, and facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from crosslift.encoders.folder import prompt_of
from crosslift.encoders.settings import EncoderSettings, Pooling
from crosslift.errors import UnknownNameError
from crosslift.metrics.answers import AnswerRules
from crosslift.retrieval.margin import Margin, RatioOver
from crosslift.retrieval.mining import Retrieval
from crosslift.sources.bucc_files import BuccSplit
from crosslift.sources.captioned_targets.mvl_sib import Choice
from crosslift.sources.picture import Picture
from crosslift.sources.record import Bitext, Record
from crosslift.tasks.task import IntermediateTask, texts_read
from crosslift.training.settings import FineTuneSettings

Direction = Literal[
    "xx->en",
    "en->xx",
    "both",
    "mining",
    "gold->en",
    "text->picture",
    "picture->text",
    "picture->class",
    "text->4 pictures",
    "zero-shot",
]
Metric = Literal[
    "top1_accuracy",
    "mrr",
    "recall_at_5",
    "recall_at_10",
    "median_rank",
    "weighted_f1",
    "mining_f1",
    "mining_precision",
    "mining_recall",
    "oracle_mining_f1",
    "accuracy",
    "tag_f1",
    "entity_f1",
    "tagging_accuracy",
    "answer_f1",
    "exact_match",
    "pair_cosine",
    "pair_margin",
    "class_accuracy",
    "chance",
    "ndcg_at_10",
]
Split = Literal["dev", "training", "test"]
OURS = "crosslift"
"""Asks for a target's own protocols alone."""


def _as_tuple(value: Any) -> Any:
    """A single name stands for a list of one."""
    return (value,) if isinstance(value, str) else value


class TargetSettings(BaseModel):
    """A target as a study or a command asks for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """Name of a target (`crosslift targets` lists them)."""
    data: Path | None = None
    """Folder of the data, for targets that do not bring their own."""
    images: Path | None = None
    """Folder of the pictures, where they lie beside the data; None: `images` in `data`, or `data`."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Role (`image`, `text`, `id`, `language`) -> column, of a table of captioned pictures."""
    catalogs: Path | None = None
    """gettext catalogs of a project; None: the embedded ones."""
    languages: tuple[str, ...] | None = Field(default=None, min_length=1)
    """BCP-47 codes. None: all that the target lists or the data holds."""
    pairs: Annotated[int, Field(ge=2)] | None = None
    """Only so many of the first pairs of each language, of bitexts, or of the first pictures; None:
    all. Among fewer candidates the right one is found more often: such scores compare with others of
    as many pairs alone."""
    sentences: Annotated[int, Field(ge=2)] | None = None
    """Only so many sentences of each side of every split, of mining: those of gold pairs first, then
    in the files' order; None: all. In a smaller pool the pairs are found more easily: such scores
    compare with others of as many sentences alone."""
    split: Literal["dev", "test"] | None = None
    """Which split is scored, of labelled examples. None: test where it is there with its labels, else
    dev. What phase three chooses by is never among what is scored."""
    examples: Annotated[int, Field(ge=2)] | None = None
    """Only so many of the first examples of each language, of labelled examples; None: all."""
    english: Path | None = None
    """Folder of the English training set, of labelled examples, where it lies elsewhere than `data`
    (MNLI of XNLI, SQuAD 1.1 of XQuAD and MLQA)."""
    english_task: str | None = None
    """Another English task in the place of the target's own training set, such as `snli-cad` for XNLI,
    read from `english`; it must have the target's form and, after `english_labels`, its labels."""
    english_labels: dict[str, str] = Field(default_factory=dict)
    """Label of that task -> label of the target, where they differ."""
    generalised: bool = False
    """Scores the two texts of a pair in two different languages, too, every language with every other
    (generalised cross-lingual transfer); of XNLI and PAWS-X."""
    fine_tune: FineTuneSettings | None = None
    """Phase three of labelled examples; None: as the study says."""
    protocols: Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)] = (OURS,)
    """Names of protocols (`crosslift targets --json -` lists them), or `all`. Ours comes first."""


class HiddenStateRule(NamedTuple):
    """Which hidden state a protocol pools, of an encoder of any depth.

    Args:
        words: for people.
        of: from the number of layers to the index; 0 is the embedding output.
    """

    words: str
    of: Callable[[int], int]


class PromptRule(NamedTuple):
    """Which prompt a protocol puts before every text, of any encoder.

    Args:
        words: for people.
        of: from an encoder's settings to the prompt; empty for none.
    """

    words: str
    of: Callable[[EncoderSettings], str]


@dataclass(frozen=True, slots=True)
class Mining:
    """How pairs are mined from two sides and scored.

    Args:
        margin: of the scores (Artetxe and Schwenk 2019, arXiv 1811.01136).
        neighbours: k of the margin.
        retrieval: whose best candidates become pairs.
        ratio_over: which mean cosines the margin `ratio` divides by; over others it raises.
        scores_above: a pair is kept only where its score is above this; None: every pair is.
        threshold_source: the split whose gold the threshold is fitted on. Where it is missing, or is
            the split that is scored, the threshold of one half of the src texts is applied to the
            other, and the result says so.
        repeated_texts: ``united``: a text that stands twice is one; ``dropped``: a mined pair with
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
        name: "crosslift" for ours, else the project whose definition it is.
        direction: which side asks; ``both``: the mean of the two; ``gold->en``: the texts that have
            a translation ask.
        metric: the protocol's primary one.
        pooling: of the tokens; None: the encoder's own.
        prompt: which is put before every text; None: the encoder's own.
        hidden_state: which is pooled; None: the encoder's own.
        similarity: of two vectors.
        ties: what a candidate with the gold's score counts.
        mining: how pairs are mined; None: every query has an answer, and candidates are ranked.
        reproduces: the file of the other project that defines it.
        answer_rules: how answers to questions are compared with the right ones; None: there are none.
    """

    name: str
    direction: Direction
    metric: Metric = "top1_accuracy"
    pooling: Pooling | None = None
    prompt: PromptRule | None = None
    hidden_state: HiddenStateRule | None = None
    similarity: Literal["cosine"] = "cosine"
    ties: str = "expected value under a random order of the tied"
    mining: Mining | None = None
    reproduces: str | None = None
    answer_rules: AnswerRules | None = None

    @property
    def id(self) -> str:
        """Short id of the protocol, as results name it."""
        return f"{self.name}/{self.direction}"

    @property
    def own_reading(self) -> bool:
        """Whether vectors are read as the encoder's own settings say."""
        return self.pooling is None and self.prompt is None and self.hidden_state is None

    def reading(self, settings: EncoderSettings, layers: Callable[[], int]) -> EncoderSettings:
        """The settings with which vectors are read; those given where they say the same.

        Args:
            settings: of the encoder.
            layers: how many it has; called only where the protocol needs it.

        Raises:
            EncoderError: the encoder's files cannot be found or fetched.
        """
        asked: dict[str, Any] = {"pooling": self.pooling}
        prompt = None if self.prompt is None else self.prompt.of(settings)
        if prompt is not None and prompt != prompt_of(settings):
            asked["prompt"] = prompt
        if self.hidden_state is not None:
            asked["hidden_state"] = self.hidden_state.of(layers())
        return settings.model_copy(update={k: v for k, v in asked.items() if v is not None})

    def facts(self) -> dict[str, Any]:
        """All of it, JSON-like; of labelled examples, what has to do with them."""
        if self.direction == "zero-shot":
            told = ("name", "direction", "metric", "reproduces", "answer_rules")
            return {name: getattr(self, name) for name in told}
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        for rule in ("hidden_state", "prompt"):
            found[rule] = found[rule].words if found[rule] else None
        del found["answer_rules"]
        mining = found.pop("mining")
        return found | (asdict(mining) if mining else {"threshold_source": None})


@dataclass(frozen=True, slots=True)
class BitextData:
    """Sentence pairs of some languages and English.

    Args:
        bitexts: language -> N pairs of that language.
        gaps: language -> why it is not measured.
        checksum: of everything the pairs are made of.
        words: whether they are single words, whose cosines are told beside retrieval.
    """

    bitexts: Mapping[str, Bitext]
    gaps: Mapping[str, str]
    checksum: str
    words: bool = False


@dataclass(frozen=True, slots=True)
class PictureData:
    """Pictures with texts in some languages.

    Args:
        pictures: item id -> picture.
        texts: language -> {item id -> its texts, one or more}; of pictures with classes, {class ->
            its texts}.
        gaps: language -> why it is not measured.
        checksum: of everything they are made of.
        classes: item id -> its class, of pictures that are to be classified; empty: none has one.
        pool: the pictures that a text has as candidates: all of the target, or those that have a text
            in its language, where a publication has a set of pictures for each language.
        topics: id of a picture or of a text -> its topic, where every picture of a text's topic is
            right; empty: a text belongs to the picture of its id.
        choices: language -> {query -> a few pictures to choose among}, of such data.
    """

    pictures: Mapping[str, Picture]
    texts: Mapping[str, Mapping[str, tuple[str, ...]]]
    gaps: Mapping[str, str]
    checksum: str
    classes: Mapping[str, str] = field(default_factory=dict)
    pool: Literal["all", "language"] = "all"
    topics: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, Choice]] = field(default_factory=dict)

    def right_picture(self, item: str) -> str:
        """A picture that is right for the text of an item: its own, or the first of its topic."""
        if not self.topics:
            return item
        return next(name for name in self.pictures if self.topics[name] == self.topics[item])


@dataclass(frozen=True, slots=True)
class MiningData:
    """Two sides that are not aligned, and the pairs hidden in them.

    Args:
        splits: language -> split with gold -> its texts.
        gaps: language -> why it is not measured.
        checksum: of everything they are made of.
    """

    splits: Mapping[str, Mapping[Split, BuccSplit]]
    gaps: Mapping[str, str]
    checksum: str

    def scored(self, language: str) -> BuccSplit:
        """The split that is scored: the test set where its gold is there, else dev."""
        found = self.splits[language]
        order: tuple[Split, ...] = ("test", "dev", "training")
        return next(found[name] for name in order if name in found)


@dataclass(frozen=True, slots=True)
class LabelledData:
    """Labelled examples in some languages, for an encoder that was fine-tuned on English ones.

    Args:
        task: what phase three trains on and, by its dev records, chooses by: English alone, and never
            what is scored.
        tests: language -> the N records that are scored, in the order of the files. Where examples
            are translations of one another, those of one place are the same example.
        split: which split they are.
        labelled: False where they are published without labels: they can be answered, not scored.
        selection: where the dev records of the task come from, in words.
        gaps: language -> why it is not measured.
        checksum: of everything the tests are made of.
        left_out: language -> reason -> number of rows of the files that are no example.
        remark: what a reader of the scores must know beside the split; may be empty.
    """

    task: IntermediateTask
    tests: Mapping[str, tuple[Record, ...]]
    split: Literal["dev", "test"]
    labelled: bool
    selection: str
    gaps: Mapping[str, str]
    checksum: str
    left_out: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    remark: str = ""


TargetData = BitextData | PictureData | MiningData | LabelledData


@dataclass(frozen=True, slots=True)
class Target:
    """What is measured.

    Args:
        name: as it is written in a study.
        title: a word or two, for the report.
        description: one line, for lists.
        kind: retrieval between texts, between texts and pictures, mining of pairs of texts, or
            labelled examples, answered after fine-tuning on English ones.
        metric: the primary one.
        protocols: ours, the primary one first.
        others: definitions of other projects, for those who ask.
        load: reads the data.
        languages: BCP-47 codes it measures when none are asked for; None: all in the data.
        needs_data: whether it needs `data` (it does not bring its own).
        licence: of the data.
        citation: where it comes from.
        photographs: name of the published set that its photographs are from (``imagenet-1k``), for
            those who must know whether an image tower was trained on that set; None: of no set that
            towers are trained on, or not known.
    """

    name: str
    title: str
    description: str
    kind: Literal["bitext", "pictures", "mining", "labelled"]
    metric: Metric
    load: Callable[[TargetSettings], TargetData]
    licence: str
    citation: str
    protocols: tuple[Protocol, ...]
    others: tuple[Protocol, ...] = ()
    languages: tuple[str, ...] | None = field(default=None)
    needs_data: bool = False
    photographs: str | None = None

    def asked(self, names: Sequence[str]) -> tuple[Protocol, ...]:
        """Ours, and the other projects' protocols of these names.

        Args:
            names: of protocols, or ``all``.

        Raises:
            UnknownNameError: the target has no protocol of a name.
        """
        legal = dict.fromkeys([p.name for p in (*self.protocols, *self.others)])
        for name in names:
            if name not in legal and name not in ("all", OURS):
                raise UnknownNameError(f"protocol of {self.name}", name, [*legal, "all"])
        chosen = [p for p in self.others if "all" in names or p.name in names]
        return (*self.protocols, *chosen)


def texts_of(data: TargetData) -> list[str]:
    """Every distinct text of a target, sorted."""
    if isinstance(data, PictureData):
        found = {t for named in data.texts.values() for texts in named.values() for t in texts}
    elif isinstance(data, BitextData):
        found = {text for b in data.bitexts.values() for side in (b.src, b.tgt) for text in side}
    elif isinstance(data, LabelledData):
        form = data.task.form
        found = {t for rs in data.tests.values() for r in rs for t in texts_read(r, form)}
    else:
        splits = [split for of_language in data.splits.values() for split in of_language.values()]
        found = {text for split in splits for side in (split.src, split.tgt) for text in side}
    return sorted(found)
