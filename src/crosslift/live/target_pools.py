"""The texts and pictures of a run's targets, with vectors of the run or new ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from crosslift.analysis.reported import refuse_unreported
from crosslift.artifacts.progress import Listener, Phase, in_phase
from crosslift.encoders.encoder_settings import SidePrompts
from crosslift.live.arms import LiveRun
from crosslift.live.encoders import NO_TOWER, ArmEncoders
from crosslift.live.pool import Candidate, Pool
from crosslift.live.rows import PictureRows, TextRows
from crosslift.making.encode import EncodedTexts
from crosslift.making.loaded_target import LoadedTarget
from crosslift.making.vectors import OWN_ROLES
from crosslift.planning.target_steps import embed_pictures_step
from crosslift.planning.text_steps import encode_steps
from crosslift.steps.make_step import make_step
from crosslift.steps.step import Step, Workplace
from crosslift.targets.target_data import TargetData


def pools_of_targets(
    run: LiveRun, encoders: ArmEncoders, listener: Listener[Phase]
) -> tuple[tuple[Pool, ...], tuple[str, ...]]:
    """The pools of a run's targets, and why other targets have none.

    Vectors that the store lacks are made and kept in it.

    Args:
        run: with arms that can search.
        encoders: encoders of its arms.
        listener: receives the progress.

    Raises:
        ArtifactError: the store has other vectors than the run reports, or cannot be written.
        EncoderError, DataError: vectors cannot be made.
    """
    pools: list[Pool] = []
    notes: list[str] = []
    for loaded in run.targets.values():
        if loaded.target.fine_tuned:
            notes.append(
                f"{loaded.target.title}: encoders are fine-tuned for it, and search nothing"
            )
            continue
        if loaded.target.encodes_while_scored:
            notes.append(
                f"{loaded.target.title}: its scoring chooses the texts, so there are none to search"
            )
            continue
        pools.append(_texts(run, encoders, loaded, listener))
        if loaded.data.pictures:
            pools.append(_pictures(run, encoders, loaded, listener))
    return tuple(pools), tuple(notes)


def _texts(
    run: LiveRun, encoders: ArmEncoders, loaded: LoadedTarget, listener: Listener[Phase]
) -> Pool:
    steps = {arm.name: _distinct_steps(run, arm.name, loaded) for arm in run.arms}
    first = next(iter(steps.values()))
    texts = [text for step in first for text in step.job_as(EncodedTexts).texts]
    place = {text: row for row, text in reversed(list(enumerate(texts)))}
    order = np.array(sorted(place.values()), np.int64)
    languages = _languages(loaded.data)
    name = loaded.target.name
    files = {arm: made(run, encoding, listener) for arm, encoding in steps.items()}
    return Pool(
        id=f"{name}:texts",
        title=f"{loaded.target.title}, texts",
        kind="texts",
        candidates=[
            Candidate(texts[row], languages=tuple(languages.get(texts[row], ()))) for row in order
        ],
        rows={arm: TextRows(parts, order, encoders.text_map(arm)) for arm, parts in files.items()},
        missing={},
        prompts=SidePrompts(**loaded.settings.side_prompts),
    )


def _distinct_steps(run: LiveRun, name: str, loaded: LoadedTarget) -> list[Step]:
    """The steps that encode a target's texts as an arm reads them, in the same order for all arms."""
    encoder = next(arm for arm in run.arms if arm.name == name).run.encoder
    by_language = encode_steps(encoder, loaded)
    steps = (by_language[language][OWN_ROLES.of(side)] for language, side in loaded.text_sets)
    return list({step.key: step for step in steps}.values())


def _languages(data: TargetData) -> Mapping[str, Sequence[str]]:
    """Text -> the languages that it is in."""
    languages: dict[str, dict[str, None]] = {}
    for measured in data.languages:
        for code, texts in data.texts_by_language(measured).items():
            for text in texts:
                languages.setdefault(text, {})[code] = None
    return {text: list(codes) for text, codes in languages.items()}


def _pictures(
    run: LiveRun, encoders: ArmEncoders, loaded: LoadedTarget, listener: Listener[Phase]
) -> Pool:
    pictures = loaded.data.pictures
    order = np.arange(len(pictures))
    rows: dict[str, PictureRows] = {}
    for arm in run.arms:
        if arm.run.tower_step is not None:
            step = embed_pictures_step(arm.run.tower_step, loaded, arm.run.seed)
            vectors = made(run, [step], listener)
            rows[arm.name] = PictureRows(vectors, order, encoders.text_map(arm.name))
    return Pool(
        id=f"{loaded.target.name}:pictures",
        title=f"{loaded.target.title}, pictures",
        kind="pictures",
        candidates=[Candidate(picture=picture, name=name) for name, picture in pictures.items()],
        rows=rows,
        missing={arm.name: NO_TOWER for arm in run.arms if arm.name not in rows},
        prompts=SidePrompts(**loaded.settings.side_prompts),
    )


def made(
    run: LiveRun, steps: Sequence[Step], listener: Listener[Phase]
) -> list[np.ndarray[tuple[int, int], np.dtype[np.float32]]]:
    """The vectors of some steps, memory-mapped, float32 [N, D] each; steps that do not exist are made.

    Args:
        run: with the store; the training steps that they read exist.
        steps: steps that encode texts or embed pictures.
        listener: receives the progress.

    Raises:
        ArtifactError: the store has other vectors than the run reports, or cannot be written.
        EncoderError, DataError: vectors cannot be made.
    """
    for step in dict.fromkeys(_missing(run, steps)):
        with in_phase(listener, Phase(f"{step.kind}: {step.label}", "share", 1.0)):
            make_step(step, Workplace(run.store, report=listener.advance))
    refuse_unreported(run.folder, steps, run.store)
    return [np.load(step.open(run.store) / "vectors.npy", mmap_mode="r") for step in steps]


def _missing(run: LiveRun, steps: Sequence[Step]) -> Iterator[Step]:
    """The steps that do not exist, each after what it reads, unless it exists itself."""
    for step in steps:
        if not step.exists(run.store):
            yield from _missing(run, list(step.inputs.values()))
            yield step
