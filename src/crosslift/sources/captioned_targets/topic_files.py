"""The files of MVL-SIB: sentences of SIB-200 in 205 languages, ten pictures of each of seven topics.

Two layouts are read. As it is published (WueNLP/mvl-sib): ``data/sib200/deu_Latn/train.tsv``,
``dev.tsv`` and ``test.tsv`` with the columns ``index_id``, ``category`` and ``text``, and
``data/images/sib200/sports_3.jpg``. As MTEB packs its sentence-to-image task: parquet files
``data/deu_Latn/queries.parquet`` (``id``, ``text``), ``qrels.parquet`` (``query-id``, ``corpus-id``,
``score``), ``top_ranked.parquet`` (``query-id``, ``corpus-ids``) and ``data/corpus/test.parquet``
(``id`` such as ``image-sports_3``, ``image``). Only the second holds the four candidates of each query;
the first draws them in code that CrossLift does not run.

Source: Schmidt et al. 2025, arXiv 2502.12852.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from crosslift.errors import DataError
from crosslift.sources.captions.parquet_files import ParquetPicture
from crosslift.sources.file_names import is_file
from crosslift.sources.flores200_files import FLORES_200
from crosslift.sources.formats.delimited import TabSeparated
from crosslift.sources.formats.parquet_rows import cells_of, open_parquet
from crosslift.sources.formats.rows import short
from crosslift.sources.picture import Picture

TOPICS = ("entertainment", "geography", "health", "politics", "science", "sports", "travel")
LANGUAGES: Mapping[str, str] = {**FLORES_200, "nqo_Nkoo": "nqo"}
"""Published name -> BCP-47 code of the 205 languages."""

_PUBLISHED = {code: name for name, code in LANGUAGES.items()}
_CHOICES = 4
_AGAIN = "unpack the archive again"
_SPLITS = ("train", "dev", "test")
_SENTENCES, _PICTURES = Path("data/sib200"), Path("data/images/sib200")
_CORPUS = Path("data/corpus/test.parquet")


class Choice(NamedTuple):
    """A query that chooses among a few pictures.

    Args:
        text: id of the query sentence.
        candidates: ids of pictures, in the published order.
        right: the right candidate.
    """

    text: str
    candidates: tuple[str, ...]
    right: str


class TopicTexts(NamedTuple):
    """The sentences of a language.

    Args:
        texts: id -> sentence.
        topics: id -> topic.
        choices: id of a query -> its choice; empty if the layout holds none.
    """

    texts: Mapping[str, str]
    topics: Mapping[str, str]
    choices: Mapping[str, Choice]


class TopicPictures(NamedTuple):
    """The pictures.

    Args:
        pictures: id -> picture.
        topics: id -> topic.
    """

    pictures: Mapping[str, Picture]
    topics: Mapping[str, str]


def has_choices(folder: Path) -> bool:
    """Whether a folder is in MTEB's layout."""
    return is_file(folder / _CORPUS)


def languages_in(folder: Path) -> tuple[str, ...]:
    """The BCP-47 codes of the languages that a folder has sentences in."""
    place, file = (
        (Path("data"), "queries.parquet") if has_choices(folder) else (_SENTENCES, "test.tsv")
    )
    return tuple(code for name, code in LANGUAGES.items() if is_file(folder / place / name / file))


def load_pictures(folder: Path) -> TopicPictures:
    """Finds the pictures of all topics.

    Raises:
        DataError: a topic without pictures or with fewer than another, or a picture of no topic.
    """
    pictures: dict[str, Picture]
    if has_choices(folder):
        pictures = _packed_pictures(folder / _CORPUS)
    else:
        pictures = {path.stem: path for path in sorted((folder / _PICTURES).glob("*_*.jpg"))}
    topics = {item: _topic_of_picture(folder, item) for item in pictures}
    missing_topics = [topic for topic in TOPICS if topic not in topics.values()]
    if missing_topics:
        raise DataError(
            f"{folder} has no picture of {', '.join(missing_topics)}",
            f"{_PICTURES}/sports_0.jpg and so on, or {_CORPUS}",
        )
    counts = Counter(topics.values())
    fewest, most = min(TOPICS, key=counts.__getitem__), max(counts.values())
    if counts[fewest] < most:
        raise DataError(
            f"{folder} has {counts[fewest]} pictures of {fewest} and {most} of another topic",
            "as many of every topic",
            _AGAIN,
        )
    return TopicPictures(pictures, topics)


def refuse_unequal(folder: Path, texts_by_language: Mapping[str, TopicTexts]) -> None:
    """Raises unless every language has the same sentences, in the layout that numbers them.

    Args:
        folder: folder of the data, for errors.
        texts_by_language: BCP-47 code -> its sentences.

    Raises:
        DataError: a language lacks some that another has.
    """
    every = {
        item
        for sentences in texts_by_language.values()
        if not sentences.choices
        for item in sentences.texts
    }
    for code, sentences in texts_by_language.items():
        if not sentences.choices and len(sentences.texts) < len(every):
            raise DataError(
                f"{folder}, language {code}: {len(sentences.texts):,} of {len(every):,} sentences",
                "the same sentences in every language",
                f"{_AGAIN}, or name the other languages by `languages`",
            )


def load_texts(folder: Path, code: str, pictures: TopicPictures) -> TopicTexts:
    """Reads the sentences of a language.

    Args:
        folder: folder of the data.
        code: BCP-47 code of one of `languages_in`.
        pictures: pictures of the same folder.

    Raises:
        DataError: a file is missing or faulty, or names an unknown picture or topic.
    """
    name = _PUBLISHED[code]
    if has_choices(folder):
        return _packed_texts(folder / "data" / name, pictures)
    return _published_texts(folder / _SENTENCES / name)


def _published_texts(folder: Path) -> TopicTexts:
    texts: dict[str, str] = {}
    topics: dict[str, str] = {}
    for path in (folder / f"{split}.tsv" for split in _SPLITS):
        if not path.is_file():
            raise DataError(f"{folder} has no {path.name}", "train.tsv, dev.tsv and test.tsv")
        for row in TabSeparated()(path):
            item = f"sib:{row.text('index_id')}"
            topic = row.text("category").partition("/")[0]
            if topic not in TOPICS:
                raise row.fault(f"category {topic!r}", f"one of {', '.join(TOPICS)}")
            if item in texts:
                raise row.fault(f"index_id {item[4:]} is in a row above too", "each sentence once")
            texts[item], topics[item] = row.text("text"), topic
    return TopicTexts(texts, topics, {})


def _packed_texts(folder: Path, pictures: TopicPictures) -> TopicTexts:
    paths = tuple(folder / f"{name}.parquet" for name in ("queries", "qrels", "top_ranked"))
    queries = _columns(paths[0], ("id", "text"))
    right = dict(_columns(paths[1], ("query-id", "corpus-id")))
    ranked = dict(_columns(paths[2], ("query-id", "corpus-ids"), list_column="corpus-ids"))
    texts: dict[str, str] = {}
    topics: dict[str, str] = {}
    choices: dict[str, Choice] = {}
    first: dict[tuple[str, str], str] = {}
    for query, text in queries:
        candidates = tuple(ranked.get(query, ()))
        known = set(candidates) & set(pictures.pictures)
        if right.get(query) not in candidates or not len(known) == len(candidates) == _CHOICES:
            raise DataError(
                f"{folder}, query {query!r}: right picture {right.get(query)!r} of {candidates}",
                f"{_CHOICES} pictures of the corpus, the right one among them",
            )
        topic = pictures.topics[right[query]]
        sentence = first.setdefault((text, topic), query)
        texts[sentence], topics[sentence] = text, topic
        choices[query] = Choice(sentence, candidates, right[query])
    return TopicTexts(texts, topics, choices)


def _packed_pictures(path: Path) -> dict[str, Picture]:
    file = open_parquet(path)
    _needed_columns(path, file, ("id", "image"))
    return {
        _text(path, cells["id"]): ParquetPicture(path, "image.bytes", group, row)
        for group in range(file.num_row_groups)
        for row, cells in enumerate(cells_of(path, file, ["id"], group))
    }


def _columns(path: Path, names: Sequence[str], list_column: str = "") -> list[tuple[Any, ...]]:
    """The rows of some columns of texts; the cells of ``list_column`` are lists of texts."""
    if not path.is_file():
        raise DataError(f"{path} does not exist", "queries, qrels and top_ranked of each language")
    file = open_parquet(path)
    _needed_columns(path, file, names)
    rows = [
        tuple(_texts(path, row[n]) if n == list_column else _text(path, row[n]) for n in names)
        for row in cells_of(path, file, names)
    ]
    if not rows:
        raise DataError(f"{path} has no rows of {', '.join(names)}", "the published columns")
    return rows


def _needed_columns(path: Path, file: Any, names: Sequence[str]) -> None:
    columns = file.schema_arrow.names
    if not set(names) <= set(columns):
        raise DataError(
            f"{path} has the columns {', '.join(columns)}", f"columns {', '.join(names)}"
        )


def _texts(path: Path, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise DataError(f"{path} holds {short(value)}", "a list of texts")
    return tuple(_text(path, each) for each in value)


def _text(path: Path, value: object) -> str:
    if not isinstance(value, str):
        raise DataError(f"{path} holds {short(value)}", "a text")
    return value


def _topic_of_picture(folder: Path, item: str) -> str:
    topic = item.removeprefix("image-").rpartition("_")[0]
    if topic not in TOPICS:
        raise DataError(f"{folder}: picture {item!r} is of no topic", f"{TOPICS[0]}_0 and so on")
    return topic
