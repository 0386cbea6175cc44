"""Writing a submission: one file for each language of each task, as XTREME's scorer reads them.

``ROOT/xnli/test-de.tsv``, ``ROOT/xquad/test-de.json`` and so on. Every file is written whole or not at
all, is UTF-8 and ends its lines with LF.

Source: ``README.md`` of google-research/xtreme, section "Leaderboard Submission", and its folder
``mock_test_data``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosslift.artifacts.files import file_written_whole
from crosslift.errors import DataError
from crosslift.xtreme.benchmark import Layout, xtreme_task


def write_labels(root: Path, task: str, language: str, labels: Sequence[str]) -> Path:
    """Writes one label per line, in the order of the test file (XNLI, PAWS-X).

    Args:
        root: the submission's folder.
        task: folder or target of the task.
        language: BCP-47 code.
        labels: labels of the N examples, as in the label files (``entailment``; ``0`` and ``1``).

    Returns:
        The file.

    Raises:
        DataError: no label, an empty one, or one with a tab or line end; another task's layout.
        UnknownNameError: no such task, or a language that it does not score.
    """
    place = _place(root, task, language, "labels")
    return _write_lines(place, [_checked(label, place) for label in labels])


def write_tags(root: Path, task: str, language: str, sentences: Sequence[Sequence[str]]) -> Path:
    """Writes one tag per line and a blank line after each sentence (UD-POS, WikiANN NER).

    Args:
        root: the submission's folder.
        task: folder or target of the task.
        language: BCP-47 code.
        sentences: the tags of each of the N test sentences, one for each word.

    Returns:
        The file.

    Raises:
        DataError: as for `write_labels`; a sentence without words, which the file cannot represent.
        UnknownNameError: as for `write_labels`.
    """
    place = _place(root, task, language, "tags")
    lines = []
    for number, tags in enumerate(sentences):
        if not tags:
            raise DataError(f"{place}: sentence {number} has no tags", "a tag for each word")
        lines += [_checked(tag, place) for tag in tags] + [""]
    return _write_lines(place, lines)


def write_answers(root: Path, task: str, language: str, answers: Mapping[str, str]) -> Path:
    """Writes a JSON object of question id and answer (XQuAD, MLQA, TyDiQA-GoldP).

    Only ASCII is written, other characters as escapes: the official scorer opens files in the
    encoding of its machine.

    Args:
        root: the submission's folder.
        task: folder or target of the task.
        language: BCP-47 code.
        answers: question id -> answer; empty for no answer.

    Returns:
        The file.

    Raises:
        DataError: no answer at all; another task's layout.
        UnknownNameError: as for `write_labels`.
    """
    place = _place(root, task, language, "answers")
    if not answers:
        raise DataError(f"{place}: no answer to write", "an answer to each question")
    return _write_text(place, json.dumps(dict(answers), indent=2) + "\n")


def write_pairs(root: Path, task: str, language: str, pairs: Iterable[tuple[str, str]]) -> Path:
    """Writes one pair of sentence ids per line, with a tab between them (BUCC).

    The pairs are those that were mined from the test split and score at or above the threshold: the
    id in the other language first, English second, as in ``de-en.test.gold``
    (``de-000413461<TAB>en-000091985``). XTREME fits the threshold on the dev split and leaves out
    sentences whose text occurs several times in the split, since it looks up ids by text.

    Args:
        root: the submission's folder.
        task: folder or target of the task.
        language: BCP-47 code of the other language.
        pairs: (src id, English id); may be empty.

    Returns:
        The file.

    Raises:
        DataError: an id that is empty or has a tab or line end; another task's layout.
        UnknownNameError: as for `write_labels`.

    Source: ``bucc_extract`` in ``third_party/utils_retrieve.py`` of google-research/xtreme.
    """
    place = _place(root, task, language, "pairs")
    lines = ["\t".join(_checked(part, place) for part in pair) for pair in pairs]
    return _write_text(place, "".join(f"{line}\n" for line in lines))


def write_line_numbers(root: Path, task: str, language: str, lines: Sequence[int]) -> Path:
    """Writes one line number per line (Tatoeba).

    English sentences are the queries. Line i belongs to line i of XTREME's English file ``de-en.en``,
    whose sentences XTREME sorts by their text, and has the number, counted from 0, of the most similar
    line of ``de-en.de``, which is in the original order. If English is in another order than XTREME's,
    `english_order` returns the order of the lines to write. (XTREME's own script writes
    ``[367]`` for 367; its scorer and its label files have the bare number.)

    Args:
        root: the submission's folder.
        task: folder or target of the task.
        language: BCP-47 code of the other language.
        lines: N numbers in [0, N).

    Returns:
        The file.

    Raises:
        DataError: no number, or one outside [0, N); another task's layout.
        UnknownNameError: as for `write_labels`.

    Source: ``similarity_search`` in ``third_party/utils_retrieve.py`` and ``tatoeba_preprocess`` in
    ``utils_preprocess.py`` of google-research/xtreme.
    """
    place = _place(root, task, language, "lines")
    for number in lines:
        if not 0 <= number < len(lines):
            raise DataError(f"{place}: line number {number}", f"0 to {len(lines) - 1}")
    return _write_lines(place, [str(int(number)) for number in lines])


def english_order(english: Sequence[str]) -> NDArray[np.int64]:
    """The order in which XTREME lists the English sentences of a Tatoeba bitext.

    Sentences in this order give 0 to N - 1; of equal ones the earlier comes first.

    Example, with the answers a[i] of English sentence i::

        english "Tom ran." "Go!" "I ran."  ->  1 2 0      the lines to write: a[1], a[2], a[0]

    Args:
        english: N sentences.

    Returns:
        int64 [N]: for each line of XTREME's file, the index of its sentence.

    Source: ``tatoeba_preprocess`` in ``utils_preprocess.py`` of google-research/xtreme.
    """
    ranked = sorted(range(len(english)), key=lambda number: english[number].strip())
    return np.array(ranked, np.int64)


def _place(root: Path, task: str, language: str, layout: Layout) -> Path:
    facts = xtreme_task(task)
    if facts.layout != layout:
        raise DataError(f"{layout} for {facts.folder}", f"{facts.layout} in its files")
    return root / facts.folder / facts.file_name(language)


def _checked(text: str, place: Path) -> str:
    if not text.strip() or text != text.strip() or any(mark in text for mark in "\t\r\n"):
        raise DataError(
            f"{place}: {text!r} cannot be written on a line",
            "a text without tabs, line ends and white space around it, not empty",
        )
    return text


def _write_lines(place: Path, lines: Sequence[str]) -> Path:
    if not lines:
        raise DataError(f"{place}: nothing to write", "one line for each example")
    return _write_text(place, "".join(f"{line}\n" for line in lines))


def _write_text(place: Path, text: str) -> Path:
    with file_written_whole(place) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")
    return place
