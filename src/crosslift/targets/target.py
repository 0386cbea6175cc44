"""What a target task is: data in many languages, a protocol, a primary metric, and facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from crosslift.artifacts.fields import EachOnce
from crosslift.encoders.settings import Side, SidePrompts
from crosslift.errors import DataError, UnknownNameError
from crosslift.sources.bucc_files import BuccSplit
from crosslift.sources.captioned_targets.topic_files import Choice
from crosslift.sources.file_names import exists
from crosslift.sources.picture import Picture
from crosslift.sources.record import Bitext, Record
from crosslift.targets.protocol import OURS, Direction, Protocol, Split
from crosslift.tasks.task import IntermediateTask, texts_read
from crosslift.training.settings import FineTuneSettings


def _as_tuple(value: Any) -> Any:
    """A single name stands for a list of one."""
    return (value,) if isinstance(value, str) else value


class TargetSettings(SidePrompts):
    """A target as a study or a command asks for it.

    A prompt for each side is of bitexts and mining: ``src`` texts are those in the other language,
    ``tgt`` those in English, or of a pair such as ``de-zh`` those of the first and the second.
    Protocols of other projects with a prompt of their own keep it.
    """

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
    languages: Annotated[tuple[str, ...], Field(min_length=1), EachOnce] | None = None
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
    direction: Direction | None = None
    """Which side asks, of our protocol that verdicts are of; ``both``, of pairs of texts: the mean of
    the two directions, pair by pair. None: the target's first."""

    def needed_data(self, files: str) -> Path:
        """The data of a target that does not bring its own.

        Args:
            files: what they hold, for errors.

        Raises:
            DataError: the settings name no data, or they do not exist.
        """
        if self.data is None:
            raise DataError(
                f"target {self.name!r} has no data",
                f"`--data DIR` (in a study: `data: DIR`) with {files}",
            )
        if not exists(self.data):
            raise DataError(f"{self.data} is not a folder or a file", files)
        return self.data


@dataclass(frozen=True, slots=True)
class BitextData:
    """Sentence pairs of some languages and English, or of two other languages.

    Args:
        bitexts: language -> N pairs of that language and English; or pair of languages, such as
            ``de-zh`` -> N pairs of these two.
        gaps: language, or pair -> why it is not measured.
        checksum: of everything the pairs are made of.
        words: whether they are single words, whose cosines are told beside retrieval.
        notes: language, or pair -> what its texts are, in words, where a reader of scores must know.
        left_out: language -> reason -> number of pairs of the data that are not measured.
        unread: file of the data that looks like a part of it and is not read -> why.
    """

    bitexts: Mapping[str, Bitext]
    gaps: Mapping[str, str]
    checksum: str
    words: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)


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
        notes: language -> what its texts are, in words, where a reader of scores must know.
        left_out: language -> reason -> number of texts of the data that are not measured.
        topics: id of a picture or of a text -> its topic, where every picture of a text's topic is
            right; empty: a text belongs to the picture of its id.
        choices: language -> {query -> a few pictures to choose among}, of such data.
        unread: file of the data that looks like a part of it and is not read -> why.
    """

    pictures: Mapping[str, Picture]
    texts: Mapping[str, Mapping[str, tuple[str, ...]]]
    gaps: Mapping[str, str]
    checksum: str
    classes: Mapping[str, str] = field(default_factory=dict)
    pool: Literal["all", "language"] = "all"
    notes: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    topics: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, Choice]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)

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
        unread: file of the data that looks like a part of it and is not read -> why.
    """

    splits: Mapping[str, Mapping[Split, BuccSplit]]
    gaps: Mapping[str, str]
    checksum: str
    unread: Mapping[str, str] = field(default_factory=dict)

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
        unread: file of the data that looks like a part of it and is not read -> why.
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
    unread: Mapping[str, str] = field(default_factory=dict)


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
        texts: what its texts are: words (names, too), or sentences (captions, too). Reports set what
            arms gain on words and pictures against what they lose on sentences.
    """

    name: str
    title: str
    description: str
    kind: Literal["bitext", "pictures", "mining", "labelled"]
    metric: str
    load: Callable[[TargetSettings], TargetData]
    licence: str
    citation: str
    protocols: tuple[Protocol, ...]
    others: tuple[Protocol, ...] = ()
    languages: tuple[str, ...] | None = field(default=None)
    needs_data: bool = False
    photographs: str | None = None
    texts: Literal["words", "sentences"] = "sentences"

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

    def asking(self, direction: Direction | None) -> Target:
        """The target whose verdicts are of a direction: our protocol of it comes first.

        Args:
            direction: which side asks, or ``both``, of pairs of texts; None: the target as it is.

        Raises:
            UnknownNameError: none of our protocols of the target has the direction.
        """
        if direction is None:
            return self
        own = self.protocols
        if self.kind == "bitext":
            own = (*own, replace(own[0], direction="both"))
        legal = {protocol.direction: protocol for protocol in own}
        if direction not in legal:
            raise UnknownNameError(f"direction of {self.name}", direction, legal)
        first = legal[direction]
        others = (protocol for protocol in self.protocols if protocol != first)
        return replace(self, protocols=(first, *others))


def notes_of(data: TargetData) -> Mapping[str, str]:
    """Language -> what its texts are, in words, of bitexts and pictures that say so."""
    return data.notes if isinstance(data, BitextData | PictureData) else {}


def left_out_of(data: TargetData) -> Mapping[str, Mapping[str, int]]:
    """Language -> reason -> number of items of the data that are not measured."""
    return {} if isinstance(data, MiningData) else data.left_out


def texts_of_side(data: TargetData, side: Side) -> list[str]:
    """Every distinct text of one side of bitexts or of mining, sorted.

    Raises:
        TypeError: the data have no sides.
    """
    if isinstance(data, BitextData):
        pairs: Iterable[Bitext | BuccSplit] = data.bitexts.values()
    elif isinstance(data, MiningData):
        pairs = (split for splits in data.splits.values() for split in splits.values())
    else:
        raise TypeError(f"{type(data).__name__} has no sides")
    return sorted({text for each in pairs for text in (each.src if side == "src" else each.tgt)})


def texts_of(data: TargetData) -> list[str]:
    """Every distinct text of a target, sorted."""
    if isinstance(data, PictureData):
        found = {t for named in data.texts.values() for texts in named.values() for t in texts}
    elif isinstance(data, LabelledData):
        form = data.task.form
        found = {t for rs in data.tests.values() for r in rs for t in texts_read(r, form)}
    else:
        found = {*texts_of_side(data, "src"), *texts_of_side(data, "tgt")}
    return sorted(found)
