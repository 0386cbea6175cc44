"""Targets of pictures with texts: a text finds its picture, and a picture its texts or its class."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Self

from crosslift.encoders.encoder_settings import Side
from crosslift.errors import StudyError
from crosslift.sources.captioned_targets.topic_files import Choice
from crosslift.sources.picture import Picture
from crosslift.target_kinds import KindName
from crosslift.targets.captions import captions_of
from crosslift.targets.protocol import Direction
from crosslift.targets.target import Target
from crosslift.targets.target_data import ExampleItem, QueryExamples, TargetData, TargetPart
from crosslift.targets.target_settings import PictureSettings


@dataclass(frozen=True, slots=True)
class PictureData(TargetData):
    """Pictures with texts in some languages.

    Args:
        pictures: item id -> picture.
        texts: language -> {item id -> its texts, one or more}; of pictures with classes, {class ->
            its texts}.
        classes: item id -> its class, of pictures that are classified; empty: pictures have no classes.
        pool: the candidates of a text: all pictures of the target, or those that have a text in its
            language, if a publication has one set of pictures per language.
        topics: id of a picture or of a text -> its topic, if every picture of a text's topic is right;
            empty: a text belongs to the picture with its id.
        choices: language -> {query -> a few pictures to choose among}, of data with topics.
    """

    pictures: Mapping[str, Picture] = field()
    texts: Mapping[str, Mapping[str, tuple[str, ...]]]
    classes: Mapping[str, str] = field(default_factory=dict)
    pool: Literal["all", "language"] = "all"
    topics: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, Choice]] = field(default_factory=dict)

    def right_picture(self, item: str) -> str:
        """A picture that is right for the text of an item: its own picture, or the first of its
        topic."""
        if not self.topics:
            return item
        return next(name for name in self.pictures if self.topics[name] == self.topics[item])

    def fits(self, picture: str, item: str) -> bool:
        """Whether the text of an item is right for a picture: its own text, or one of its topic."""
        return self.topics[item] == self.topics[picture] if self.topics else item == picture

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages."""
        return tuple(self.texts)

    def distinct_texts(self) -> list[str]:
        """Every distinct text, sorted."""
        all_texts = (
            texts for texts_by_item in self.texts.values() for texts in texts_by_item.values()
        )
        return sorted({text for texts in all_texts for text in texts})

    def content_of(self, language: str) -> Any:
        """The texts of a language, and which pictures they go with."""
        return {
            "language": language,
            "texts": list(self.texts[language].items()),
            "classes": self.classes,
            "pool": self.pool,
            "topics": self.topics,
            "choices": list(self.choices.get(language, {}).items()),
        }

    def of_language(self, language: str) -> Self:
        """The texts of one language, with all pictures."""
        choices = {code: each for code, each in self.choices.items() if code == language}
        return replace(self, texts={language: self.texts[language]}, choices=choices)

    def sides_of(self, language: str) -> Mapping[Side, Collection[str]]:
        """The texts of a language."""
        return {"src": {text for texts in self.texts[language].values() for text in texts}}

    def texts_by_language(self, language: str) -> Mapping[str, Collection[str]]:
        """All texts of a language are in it."""
        return {language: self.sides_of(language)["src"]}

    def part(self, settings: PictureSettings) -> TargetPart | None:
        """The first pictures with their texts.

        Raises:
            StudyError: pictures that share topics have no part.
        """
        count = settings.pairs
        if count is None:
            return None
        if self.topics:
            raise StudyError(
                f"`pairs: {count}` of target {settings.name!r}, whose pictures share topics",
                "all of its pictures",
                "`languages` selects a part of it",
            )
        return TargetPart(first_pictures(self, count), f"first {count} pictures", {"pairs": count})

    def items_with(self, texts: AbstractSet[str]) -> dict[str, set[str]]:
        """Language -> see `overlapping_queries`."""
        return {language: overlapping_queries(self, language, texts) for language in self.texts}

    def examples(self, language: str, direction: Direction) -> QueryExamples:
        """The queries of a language: pictures or texts, as the direction says."""
        if self.classes:
            return _ClassQueries(self, language)
        if direction == "picture->text":
            return _PictureQueries(self, language)
        return _TextQueries(self, language)

    def several_right(self, direction: Direction) -> bool:
        """Whether topics say what is right, or a picture searches texts and has several."""
        if self.topics:
            return True
        counts = (len(texts) for each in self.texts.values() for texts in each.values())
        return direction == "picture->text" and any(count > 1 for count in counts)


@dataclass(frozen=True, slots=True)
class _ClassQueries:
    """Pictures as queries for the name of their class."""

    data: PictureData
    language: str

    def query(self, item: str) -> ExampleItem:
        return ExampleItem(picture=item)

    def right(self, item: str) -> ExampleItem:
        return self.answer(self.data.classes[item])

    def answer(self, retrieved: str) -> ExampleItem:
        return ExampleItem(self.data.texts[self.language][retrieved][0], language=self.language)


class _PictureQueries:
    """Pictures as queries for one of their texts."""

    def __init__(self, data: PictureData, language: str) -> None:
        self._data = data
        self._language = language
        self._captions = captions_of(data.texts[language])
        self._first = {item: texts[0] for item, texts in data.texts[language].items()}
        self._texts = dict(zip(self._captions.ids, self._captions.texts, strict=True))

    def query(self, item: str) -> ExampleItem:
        return ExampleItem(picture=item)

    def right(self, item: str) -> ExampleItem:
        pairs = zip(self._captions.texts, self._captions.items, strict=True)
        text = next(text for text, of_item in pairs if self._data.fits(item, of_item))
        return ExampleItem(text, language=self._language)

    def answer(self, retrieved: str) -> ExampleItem:
        texts = self._texts if retrieved in self._texts else self._first
        return ExampleItem(texts[retrieved], language=self._language)


class _TextQueries:
    """Texts as queries for their picture."""

    def __init__(self, data: PictureData, language: str) -> None:
        self._data = data
        self._language = language
        captions = captions_of(data.texts[language])
        pairs = zip(captions.texts, captions.items, strict=True)
        self._captions = dict(zip(captions.ids, pairs, strict=True))

    def query(self, item: str) -> ExampleItem:
        return ExampleItem(self._captions[item][0], language=self._language)

    def right(self, item: str) -> ExampleItem:
        return ExampleItem(picture=self._data.right_picture(self._captions[item][1]))

    def answer(self, retrieved: str) -> ExampleItem:
        return ExampleItem(picture=retrieved)


def overlapping_queries(data: PictureData, language: str, texts: AbstractSet[str]) -> set[str]:
    """Ids of the queries of a language that involve one of some texts.

    For pictures with texts: every such text, and every picture that has one. For pictures with classes:
    every picture of a class with such a name.
    """
    texts_by_item = data.texts[language]
    touched = {
        item for item, item_texts in texts_by_item.items() if not texts.isdisjoint(item_texts)
    }
    if data.classes:
        return {item for item, name in data.classes.items() if name in touched}
    choices = data.choices.get(language, {})
    touched |= {query for query, choice in choices.items() if choice.text in touched}
    captions = captions_of(texts_by_item)
    pairs = zip(captions.ids, captions.texts, strict=True)
    return touched | {name for name, text in pairs if text in texts}


def first_pictures(data: PictureData, count: int) -> PictureData:
    """The first pictures, at most ``count``, with their texts. A language without texts of them is a
    gap."""
    pictures = dict(list(data.pictures.items())[:count])
    if data.classes:
        return _with_classes(data, pictures, count)
    texts = {
        language: {
            item: item_texts for item, item_texts in texts_by_item.items() if item in pictures
        }
        for language, texts_by_item in data.texts.items()
    }
    gaps = {
        language: f"no text of the first {count} pictures"
        for language, texts_by_item in texts.items()
        if not texts_by_item
    }
    with_texts = {
        language: texts_by_item for language, texts_by_item in texts.items() if texts_by_item
    }
    return replace(data, pictures=pictures, texts=with_texts, gaps={**data.gaps, **gaps})


def _with_classes(data: PictureData, pictures: dict[str, Picture], count: int) -> PictureData:
    """All classes stay candidates. A language without a name of any pictured class is a gap."""
    pictured_classes = {data.classes[item] for item in pictures}
    unnamed = [
        code
        for code, texts_by_class in data.texts.items()
        if pictured_classes.isdisjoint(texts_by_class)
    ]
    gaps = dict.fromkeys(unnamed, f"no class of the first {count} pictures has a name")
    texts = {
        code: texts_by_class for code, texts_by_class in data.texts.items() if code not in unnamed
    }
    return replace(data, pictures=pictures, texts=texts, gaps={**data.gaps, **gaps})


@dataclass(frozen=True, slots=True)
class PictureTarget(Target[PictureSettings, PictureData]):
    """A target of pictures with texts."""

    kind: ClassVar[KindName] = "pictures"
    settings: ClassVar[type[PictureSettings]] = PictureSettings
    encoder_alone: ClassVar[bool] = False
    shows_gains: ClassVar[bool] = True
    one_language: ClassVar[bool] = True

    def check_encoder_alone(self, encoder: str) -> None:
        """Raises: an encoder alone has no image tower."""
        raise StudyError(
            f"target {self.name!r} needs an image tower, which {encoder!r} alone does not have",
            "a target of texts",
            "run a study with an image-text arm: `crosslift demo` shows one",
        )
