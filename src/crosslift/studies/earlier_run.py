"""The folder of an earlier run: a study may add to it, another study may not write over it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from crosslift.errors import CrossLiftError, StudyError, first_few
from crosslift.results.partial_run import UNFINISHED_FILE
from crosslift.studies.flat_settings import flat, shown
from crosslift.studies.reading import STUDY_FILE, names_model, saved_study
from crosslift.studies.schema import Study
from crosslift.training.trackers.all_trackers import TRACKING

_MOST_SHOWN = 5
_WORDS = ("description", "question")
"""Names of settings that change no number."""
_FOLDERS = ("plots", "pictures", TRACKING)
_ENDINGS = (".json", ".parquet", ".csv", ".html")
"""Endings of the files that a run writes into its folder."""
_PATHS = ("data", "images", "catalogs", "english")


def folder_for(study: Study, out: Path | None, *, replace: bool = False) -> Path:
    """The folder for the run of a study, checked as `check_folder` does.

    Args:
        study: the study.
        out: the folder; None: ``runs/NAME``.
        replace: delete the earlier run of another study.

    Raises:
        StudyError: as `check_folder` raises it.
    """
    folder = out or Path("runs") / study.name
    check_folder(folder, study, replace=replace)
    return folder


def check_folder(folder: Path, study: Study, *, replace: bool = False) -> None:
    """Raises if a folder holds the run of another study.

    A study is the same if it asks for everything that the earlier one asked for, with the same values.
    It may ask for more: seeds, arms, targets, languages, comparisons.

    Args:
        folder: folder for the results of the study; it need not exist.
        study: the study.
        replace: delete the earlier run instead.

    Raises:
        StudyError: the folder holds the run of another study, or one that cannot be read; or it holds
            files that no run writes, and is then not deleted.
    """
    if not any((folder / name).is_file() for name in (STUDY_FILE, UNFINISHED_FILE)):
        return
    if replace:
        _delete(folder)
        return
    remedy = "name another folder with `--out DIR`, or delete the earlier run with `--replace`"
    try:
        earlier = saved_study(folder)
    except CrossLiftError as error:
        raise StudyError(
            f"{folder} holds a run whose study cannot be read", None, remedy
        ) from error
    differences = list(_differences(earlier, study))
    if differences:
        listed = differences[:_MOST_SHOWN]
        if len(differences) > _MOST_SHOWN:
            listed.append(f"and {len(differences) - _MOST_SHOWN} more")
        raise StudyError(
            f"{folder} holds the run of another study named {earlier.name!r}:\n"
            + "\n".join(f"  {line}" for line in listed),
            "a new folder, or the study of the earlier run, to which arms, seeds, targets and "
            "comparisons may be added",
            remedy,
        )


def _delete(folder: Path) -> None:
    """Deletes the folder of a run, unless it holds something that no run writes."""
    others = [p.name for p in folder.iterdir() if not _is_of_a_run(p)]
    if others:
        raise StudyError(
            f"{folder} holds more than a run: {first_few(sorted(others), _MOST_SHOWN)}",
            "a folder of results alone, which `--replace` deletes",
            "move them, or name another folder with `--out DIR`",
        )
    shutil.rmtree(folder)


def _is_of_a_run(path: Path) -> bool:
    return path.name in _FOLDERS if path.is_dir() else path.suffix in _ENDINGS


def _differences(earlier: Study, study: Study) -> Iterator[str]:
    """Yields a line for each setting of the earlier study that this one lacks or changes."""
    before, now = (
        flat(each.model_dump(mode="json", exclude_defaults=True), _WORDS)
        for each in (earlier, study)
    )
    for place, value in before.items():
        if place not in now or not _asks_too(value, now[place], place):
            yield f"{place}: {shown(before, place)} in the folder, {shown(now, place)} in this study"


def _asks_too(earlier: Any, value: Any, place: str) -> bool:
    if isinstance(earlier, list) and isinstance(value, list):
        return all(each in value for each in earlier)
    if isinstance(earlier, str) and isinstance(value, str):
        parts = place.split(".")
        folder_of_model = names_model(parts) and Path(value).is_dir()
        if parts[-1] in _PATHS or folder_of_model:  # the folder may have moved
            return PurePath(earlier).name == PurePath(value).name
    return bool(earlier == value)
