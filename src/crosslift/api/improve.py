"""A better encoder from your own data, exported only if no guard gets worse."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from crosslift.api.compare import compare
from crosslift.api.export import export_arm
from crosslift.api.session import run_study
from crosslift.artifacts.store import Store
from crosslift.errors import StudyError
from crosslift.results.comparison import ComparedLanguage, ComparedTarget
from crosslift.results.improvement import IMPROVEMENT_FILE, Improvement, TriedRate
from crosslift.results.result_record import write_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.scaffold.attempt import Attempt, prepare
from crosslift.steps.run import Listener
from crosslift.wording import interval, signed_points


def improve(
    model: str,
    out: Path | str,
    *,
    pairs: Path | str | None = None,
    images: Path | str | None = None,
    bitexts: Path | str | None = None,
    columns: Mapping[str, str] | None = None,
    language: str | None = None,
    languages: Sequence[str] = (),
    allow_loss: float = 1.0,
    seeds: int = 2,
    updates: int | None = None,
    store: Store | None = None,
    listener: Listener | None = None,
    replace: bool = False,
) -> Improvement:
    """Trains an encoder on your data, compares it with the untouched one, and exports it.

    A tenth of the rows chooses the learning rate, with the same number of tries for each seed; another
    tenth is the test set. The encoder is exported unless a guard may have lost more than `allow_loss`:
    the lower end of the interval of a target's mean, or the whole interval of one language, lies below
    this loss. A guard on which no answer changed has lost nothing, however few its queries. Your test
    set is no guard: it must not lose more than `allow_loss` itself, whatever its interval.

    Args:
        model: `embedded`, a folder or a hub name.
        out: folder for the study, its run, the encoder (``out/model``) and ``improvement.json``.
        pairs: table of pairs of texts. Give either this or `images`.
        images: pictures with captions: a table, an archive or a folder.
        bitexts: folder of bitexts, used as a guard.
        columns: role -> column of your table.
        language: language of your texts, if it is not English.
        languages: languages to guard; empty: all languages of the packaged targets and of `bitexts`.
        allow_loss: allowed loss of a guard, in points.
        seeds: number of training runs.
        updates: updates of each training run; None: two passes over the data, 20 to 300.
        store: store of the artifacts; None: the store in the user's cache.
        listener: receives the progress of the run.
        replace: delete the earlier run of another study in the folder.

    Raises:
        StudyError: neither pairs nor images, or both; a language that no target measures; the folder
            holds the run of another study.
        CrossLiftError: the data or the encoder cannot be used.
    """
    attempt = prepare(
        model,
        Path(out),
        data=_one_of(pairs, images),
        bitexts=None if bitexts is None else Path(bitexts),
        columns=columns or {},
        language=language,
        languages=languages,
        seeds=seeds,
        updates=updates,
        replace=replace,
    )
    run_study(attempt.study, attempt.run, store, listener)
    return conclude(attempt, allow_loss)


def _one_of(pairs: Path | str | None, images: Path | str | None) -> Path:
    if (pairs is None) == (images is None):
        raise StudyError("pairs and images" if pairs else "no data", "pairs, or images")
    return Path(pairs if pairs is not None else str(images))


def conclude(attempt: Attempt, allow_loss: float) -> Improvement:
    """Compares the trained encoder with the untouched one, and exports it if no guard lost too much.

    Args:
        attempt: an attempt with a finished run.
        allow_loss: allowed loss of a guard, in points.
    """
    run = RunFolder.read(attempt.run)
    (arm,) = attempt.first.trained
    held_out, guards = _compared(attempt, arm)
    losses = (*_lost_itself(held_out, allow_loss), *_losses(guards, allow_loss))
    tries = _tries(run, arm)
    seed = max((each for each in tries if each.chosen), key=lambda each: each.score).seed
    to = attempt.out / "model"
    if (attempt.out / IMPROVEMENT_FILE).is_file():
        shutil.rmtree(to, ignore_errors=True)  # the encoder that an earlier call exported
    exported = None if losses else str(export_arm(attempt.run, arm, to, seed))
    improvement = Improvement(
        model=attempt.first.encoder,
        arm=arm,
        run=str(attempt.run),
        tries=tries,
        seed=seed,
        held_out=held_out,
        guards=guards,
        allowed_loss=allow_loss,
        losses=losses,
        exported=exported,
    )
    write_json_file(attempt.out / IMPROVEMENT_FILE, improvement)
    return improvement


def _compared(attempt: Attempt, arm: str) -> tuple[ComparedTarget, tuple[ComparedTarget, ...]]:
    """The held-out part of the data, and the guards."""
    (part,) = [part for part in attempt.first.parts if part.arm == arm]
    own = str(part.target["name"])
    trained = f"{attempt.run}:{arm}"
    shared = compare(f"{attempt.run}:baseline", trained).targets
    guards = tuple(each for each in shared if each.target != own)
    untouched = f"{arm}-map" if part.needs_map else "baseline"
    (held_out,) = compare(f"{attempt.run}:{untouched}", trained, own).targets
    return held_out, guards


def _lost_itself(held_out: ComparedTarget, allowed: float) -> Iterator[str]:
    """The loss of the held-out data, in words, if it is larger than the allowed loss."""
    if held_out.macro.difference < -allowed / 100:
        yield f"{held_out.target}, your held-out data: {_words(held_out.macro)}"


def _losses(targets: Sequence[ComparedTarget], allowed: float) -> Iterator[str]:
    """The losses that may be larger than the allowed loss, in words."""
    for each in targets:
        if each.macro.low < -allowed / 100 and not _unchanged(each.macro):
            yield f"{each.target}, mean of all languages: {_words(each.macro)}"
        for language in each.languages:
            if language.high < -allowed / 100:
                yield f"{each.target}, {language.language}: {_words(language)}"


def _unchanged(row: ComparedLanguage) -> bool:
    """Whether the trained encoder answers every query as the untouched one does."""
    return row.difference == 0 and row.gained == row.lost == 0


def _words(row: ComparedLanguage) -> str:
    return f"{signed_points(row.difference)} {interval(row.low, row.high)}"


def _tries(run: RunFolder, arm: str) -> tuple[TriedRate, ...]:
    choice = run.arm(arm).choice
    if choice is None:
        raise StudyError(f"arm {arm!r} chose nothing", "the run of an improvement")
    return tuple(
        TriedRate(
            seed=seed.seed,
            learning_rate=float(tried.settings["learning_rate"]),
            score=tried.score,
            chosen=number == seed.chosen,
        )
        for seed in choice.seeds
        for number, tried in enumerate(seed.tries)
    )
