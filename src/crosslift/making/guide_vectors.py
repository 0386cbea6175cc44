"""The vectors of training texts by a further encoder, a guide or a teacher, kept for all trainings.

A language's texts are encoded together, whatever other languages the task has (see
`crosslift.making.text_sets`), so that an additional language encodes only its own texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.store import Store
from crosslift.errors import ArtifactError
from crosslift.forms.equal_numbers import Digests, digests_of, numbers_of_digests
from crosslift.forms.further_encoder import KeptVectors
from crosslift.making.encode import Encoding, write_encoded
from crosslift.making.on_devices import make_on_devices
from crosslift.making.task_run import TaskRun
from crosslift.ranks.ranks import Ranks
from crosslift.sources.record import Record, names_of_several
from crosslift.steps.step import Step, Workplace

TEXTS = "training texts"
"""The setting of a step that holds the key of its texts, where planning reads them."""
_DIGESTS, _VECTORS = "texts.npy", "vectors.npy"


def guide_role(name: str, option: str, language: str | None = None) -> str:
    """The role of a step with a further encoder's vectors, among the inputs of a training step.

    Args:
        name: name of the task in its stage.
        option: option that names the encoder, such as `guide`.
        language: language of the texts; None: all languages.
    """
    return f"{name}: {option}" + ("" if language is None else f", {language}")


@dataclass(frozen=True)
class DistinctTexts:
    """The distinct texts of a language in some columns of records, by first occurrence.

    Args:
        records, columns: records and columns that contain the texts.
        places: place of the first occurrence of each text among all texts, int64 [n], ascending.
        digests: hashes of the texts, uint64 [n, 2].
    """

    records: Sequence[Record]
    columns: tuple[str, ...]
    places: NDArray[np.int64]
    digests: Digests

    @cached_property
    def key(self) -> str:
        """A hash of the texts in their order."""
        return sha256(self.digests.tobytes()).hexdigest()

    def read(self) -> list[str]:
        """The texts."""
        wanted = iter(self.places.tolist())
        place = next(wanted, None)
        texts: list[str] = []
        for number, (_, text) in enumerate(_occurrences(self.records, self.columns)):
            if number == place:
                texts.append(text)
                place = next(wanted, None)
        return texts


def texts_by_language(
    records: Sequence[Record], columns: tuple[str, ...]
) -> dict[str, DistinctTexts]:
    """Language -> its distinct texts. A text that several languages have belongs to the first of them.

    Args:
        records: N records.
        columns: names of the columns of texts; of numbered ones (`names_of_several`), the first.
    """
    order: dict[str, int] = {}
    of_texts: list[int] = []

    def texts() -> Iterator[str]:
        for language, text in _occurrences(records, columns):
            of_texts.append(order.setdefault(language, len(order)))
            yield text

    digests = digests_of(texts())
    numbers, languages = numbers_of_digests(digests), np.array(of_texts, np.int64)
    owners = np.full(numbers.max(initial=-1) + 1, len(order))
    np.minimum.at(owners, numbers, languages)
    by_language: dict[str, DistinctTexts] = {}
    for language, number in order.items():
        own = np.flatnonzero((languages == number) & (owners[numbers] == number))
        if len(own):
            places = np.sort(own[np.unique(numbers[own], return_index=True)[1]])
            by_language[language] = DistinctTexts(records, columns, places, digests[places])
    return by_language


def all_texts(records: Sequence[Record], columns: tuple[str, ...]) -> DistinctTexts:
    """The distinct texts of all languages; arguments as in `texts_by_language`."""
    digests = digests_of(text for _, text in _occurrences(records, columns))
    firsts = np.unique(numbers_of_digests(digests), return_index=True)[1]
    return DistinctTexts(records, columns, firsts, digests[firsts])


def _occurrences(records: Sequence[Record], columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Language and text of every text, column after column."""
    for column in columns:
        for record in records:
            for name in names_of_several(record.texts, column):
                yield record.language, record.texts[name]


@dataclass(frozen=True, slots=True)
class GuidedTexts(Encoding):
    """The training texts of a task that a further encoder reads.

    Args:
        run: the task.
        columns: names of the texts.
        language: language of the texts; None: all languages.
    """

    run: TaskRun
    columns: tuple[str, ...]
    language: str | None = None

    def texts(self, store: Store) -> DistinctTexts:
        """The texts.

        Args:
            store: store with the translation of the task, if it has one.

        Raises:
            ArtifactError: the task has no text of the language any more.
        """
        records, _ = self.run.read(store)
        if self.language is None:
            return all_texts(records, self.columns)
        by_language = texts_by_language(records, self.columns)
        if self.language not in by_language:
            raise _changed(self.run)
        return by_language[self.language]


def _changed(run: TaskRun) -> ArtifactError:
    return ArtifactError(
        f"the training texts of {run.task.name} have changed since the plan",
        "files that stay as they are during a run",
        "run the same command again",
    )


def encode_guided(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes the files that `crosslift.making.encode.encode_texts` names, and `texts.npy`, uint64
    [N, 2]: the hashes of the texts.

    Raises:
        ArtifactError: the texts differ from the texts in the plan.
        EncoderError: the encoder cannot be used.
    """
    make_on_devices(_encode, step, workplace, folder)


def _encode(ranks: Ranks, step: Step, workplace: Workplace, folder: Path) -> None:
    job = step.job_as(GuidedTexts)
    texts = job.texts(workplace.store)
    if step.settings.get(TEXTS, texts.key) != texts.key:
        raise _changed(job.run)
    write_encoded(job.encoder, texts.read(), ranks, workplace, folder)
    ranks.on_the_first(lambda: np.save(folder / _DIGESTS, texts.digests))


def open_kept(step: Step, store: Store, name: str, run: TaskRun) -> dict[str, KeptVectors]:
    """Option that names a further encoder -> its vectors of a task's training texts.

    Args:
        step: the training step.
        store: store with the inputs of the step.
        name: name of the task in its stage.
        run: the task.
    """
    kept: dict[str, KeptVectors] = {}
    for option in run.further_encoders:
        of_all, of_a_language = guide_role(name, option), guide_role(name, option, "")
        parts = [
            each.open(store)
            for role, each in step.inputs.items()
            if role == of_all or role.startswith(of_a_language)
        ]
        if parts:
            kept[option] = KeptVectors(
                [np.load(folder / _DIGESTS) for folder in parts],
                [np.load(folder / _VECTORS, mmap_mode="r") for folder in parts],
            )
    return kept
