"""The interface of target data. Every kind implements it, so that no caller tests for a kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, Self

from crosslift.artifacts.keys import key_of
from crosslift.encoders.encoder_settings import Side
from crosslift.sources.mteb_results import PublishedModel
from crosslift.sources.picture import Picture, picture_sum
from crosslift.sources.record import Bitext
from crosslift.targets.protocol import Direction
from crosslift.targets.target_settings import TargetSettings


class TargetPart(NamedTuple):
    """A part of a target's data, for users who cannot afford all of it.

    Args:
        data: the part.
        words: what it is, for the title.
        limits: the settings that define it, JSON-like.
    """

    data: TargetData
    words: str
    limits: dict[str, int]


class ExampleItem(NamedTuple):
    """What an example shows of a query or of an answer: a text, or a picture.

    Args:
        text: None for a picture.
        picture: id of the picture; None for a text.
        language: language of the text, BCP-47; None for a picture, or where it is not known.
    """

    text: str | None = None
    picture: str | None = None
    language: str | None = None


class QueryExamples(Protocol):
    """The queries of one language in one direction, as examples show them."""

    def query(self, item: str) -> ExampleItem:
        """The text or picture of the query with an id."""

    def right(self, item: str) -> ExampleItem:
        """The right answer to it, or the first of several."""

    def answer(self, retrieved: str) -> ExampleItem:
        """What an encoder returned: the candidate with an id, or the answer itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetData(ABC):
    """The data of a target, whatever its kind.

    A property of one kind alone is empty or None for the others. A kind that has a field with the name
    of a property declares it with ``field()``: otherwise, a dataclass would use the property as its
    default. The fields of a kind come before these, which are given by name.

    Args:
        gaps: language, or pair of languages -> why it is not measured.
        notes: language -> what its texts are, in words, where a reader of scores must know.
        left_out: language -> reason -> number of items of the data that are not measured.
        unread: file of the data that looks like a part of it and is not read -> why.
    """

    gaps: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    @abstractmethod
    def languages(self) -> tuple[str, ...]:
        """The measured languages, or pairs of languages, in the order of the data."""

    @abstractmethod
    def distinct_texts(self) -> list[str]:
        """Every distinct text, sorted."""

    @property
    def checksum(self) -> str:
        """A checksum of everything that is measured; it does not depend on file names."""
        contents = {language: self.content_of(language) for language in self.languages}
        return key_of({"languages": contents, "pictures": self.pictures_checksum})

    @property
    def pictures_checksum(self) -> str:
        """A checksum of the ids and the bytes of its pictures, in their order."""
        return key_of({"pictures": [(item, picture_sum(p)) for item, p in self.pictures.items()]})

    def content_of(self, language: str) -> Any:
        """Everything besides vectors that determines the outcomes of a language, JSON-like: its texts,
        their ids, and the right answers.

        Raises:
            TypeError: the data are not scored by vectors.
        """
        raise TypeError(f"{type(self).__name__} is not scored by vectors, in {language} or at all")

    def of_language(self, language: str) -> Self:
        """The data of one language alone.

        Raises:
            TypeError: as `content_of`.
        """
        raise TypeError(f"{type(self).__name__} is not scored by vectors, in {language} or at all")

    def sides_of(self, language: str) -> Mapping[Side, Collection[str]]:
        """The texts of a language whose vectors are compared, by side: both, or ``src`` alone where
        they are compared with pictures.

        Raises:
            TypeError: as `content_of`.
        """
        raise TypeError(f"{type(self).__name__} is not scored by vectors, in {language} or at all")

    def texts_by_language(self, language: str) -> Mapping[str, Collection[str]]:
        """Code of a language -> those texts of `sides_of` that are in it: two sides often have two
        languages.

        Raises:
            TypeError: as `content_of`.
        """
        raise TypeError(f"{type(self).__name__} is not scored by vectors, in {language} or at all")

    @abstractmethod
    def part(self, settings: TargetSettings) -> TargetPart | None:
        """The part that settings request. None: all of it.

        Raises:
            StudyError: these data do not have such a part.
        """

    @abstractmethod
    def items_with(self, texts: AbstractSet[str]) -> dict[str, set[str]]:
        """Language -> ids of its queries that involve one of some texts."""

    @abstractmethod
    def examples(self, language: str, direction: Direction) -> QueryExamples | None:
        """The queries of a language with their answers. None: single queries have no answers to
        show."""

    def several_right(self, direction: Direction) -> bool:
        """Whether a query in this direction may have right answers other than that of `examples`."""
        del direction
        return False

    @property
    def bitexts(self) -> Mapping[str, Bitext]:
        """Language, or pair -> the pairs of texts that are aligned."""
        return {}

    @property
    def pictures(self) -> Mapping[str, Picture]:
        """Id -> picture."""
        return {}

    @property
    def published(self) -> tuple[PublishedModel, ...]:
        """Published scores of other models, to be shown beside those of the arms."""
        return ()

    @property
    def split(self) -> Literal["dev", "test"] | None:
        """Which split is scored, for data that a fine-tuned encoder answers."""
        return None

    @property
    def selection(self) -> str | None:
        """What model selection of such an encoder uses, in words."""
        return None

    @property
    def remark(self) -> str:
        """What a reader of the scores must know beside the split."""
        return ""

    @property
    def searched_together(self) -> bool:
        """Whether several devices share its search: where both sides may be large."""
        return False

    @property
    def can_be_scored(self) -> bool:
        """Whether the right answers are known."""
        return True
