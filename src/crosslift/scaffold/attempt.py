"""The study that trains an encoder on your data, in a folder that may hold an earlier one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from crosslift.artifacts.files import file_written_whole
from crosslift.errors import StudyError
from crosslift.scaffold.first_study import FirstStudy, first_study
from crosslift.scaffold.own_data import OwnBitexts, look
from crosslift.studies.earlier_run import check_folder
from crosslift.studies.reading import parse_study
from crosslift.studies.schema import Study

STUDY_FILE = "study.yaml"


class Attempt(NamedTuple):
    """A study that trains an encoder on your data.

    Args:
        study: the study.
        first: content that the study was written from.
        out: folder of all its files.
    """

    study: Study
    first: FirstStudy
    out: Path

    @property
    def run(self) -> Path:
        """Folder of its run."""
        return self.out / "run"


def prepare(
    model: str,
    out: Path,
    *,
    data: Path,
    bitexts: Path | None,
    columns: Mapping[str, str],
    language: str | None,
    languages: Sequence[str],
    seeds: int,
    updates: int | None,
    replace: bool = False,
) -> Attempt:
    """Checks the data and the folder, and only then writes the study and the parts of the data.

    Args:
        data: pairs or pictures with captions.
        model, out, bitexts, columns, language, languages, seeds, updates, replace: as for
            `crosslift.api.improve.improve`.

    Raises:
        StudyError: the folder holds the run of another study; or as for `improve`.
        DataError: the data cannot be used.
    """
    own = [look(data, columns, language)]
    if isinstance(own[0], OwnBitexts):
        raise StudyError(f"{data} is a folder of bitexts", "pairs, or pictures with captions")
    if bitexts is not None:
        own.append(look(bitexts, {}))
    first = first_study(
        "improve",
        model,
        own,
        out / "data",
        languages=tuple(languages),
        zero_shot=language in (None, "en"),
        seeds=seeds,
        updates=updates,
        with_controls=False,
        base=out,
    )
    text = first.text()
    study = parse_study(text, source="the study of your data", folder=out)
    attempt = Attempt(study, first, out)
    check_folder(attempt.run, study, replace=replace)
    first.write_parts()
    with file_written_whole(out / STUDY_FILE) as draft:
        draft.write_text(text, encoding="utf-8")
    return attempt
