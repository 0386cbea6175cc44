"""Exports an arm's encoder for other programs, with a model card, and uploads it."""

from __future__ import annotations

from pathlib import Path

from crosslift.analysis.reported import refuse_unreported
from crosslift.api.compare import compare_with_baseline
from crosslift.artifacts.disk_errors import disk_errors_explained
from crosslift.artifacts.files import file_written_whole
from crosslift.artifacts.read_once import reading_once
from crosslift.artifacts.store import Store
from crosslift.encoders.export import write_sentence_transformer
from crosslift.encoders.kinds import WeightPrecision
from crosslift.encoders.origin import CARD_FILE, origin_of
from crosslift.errors import StudyError, UnknownNameError
from crosslift.model_files.upload import check_upload, upload_folder
from crosslift.planning.plan import arm_run
from crosslift.reports.model_card import ExportedWeights, card_of_arm
from crosslift.reports.model_card_text import model_card
from crosslift.results.run_folder import RunFolder
from crosslift.steps.step import Workplace
from crosslift.studies.reading import saved_study


@reading_once()
def export_arm(
    run: Path | str,
    arm: str,
    to: Path | str,
    seed: int | None = None,
    *,
    precision: WeightPrecision = "float32",
    push: str | None = None,
    private: bool = False,
) -> Path:
    """Writes an arm's text encoder as a sentence-transformers folder with a model card.

    Args:
        run: folder of a run.
        arm: name of the arm.
        to: new folder.
        seed: the seed whose weights are exported; None: the first seed of the arm.
        precision: precision of the written weights.
        push: repository of the Hugging Face hub, NAMESPACE/NAME, for the upload; it is created if it
            does not exist. None: no upload.
        private: the repository is private.

    Raises:
        UnknownNameError: no such arm or seed.
        StudyError: the folder to write exists and is not empty; ``private`` without ``push``.
        EncoderError: the encoder cannot be exported, or uploaded.
        ArtifactError: the store no longer has the run's artifacts, or has others in their place; or the
            folder cannot be written.
    """
    run, to = Path(run), Path(to)
    folder = RunFolder.read(run)
    chosen = _seed(folder, arm, seed)
    _check_place(to)
    if push is not None:
        check_upload(push)
    elif private:
        raise StudyError("private without a repository", "the repository to push to")
    study = saved_study(run)
    encoder = arm_run(study, arm, chosen).encoder
    store = Store(Path(folder.run.store))
    refuse_unreported(folder, encoder.stages, store)
    loaded = encoder.load(Workplace(store))
    weights = ExportedWeights(
        name=to.name if push is None else push.rpartition("/")[2],
        place="path/to/this/folder" if push is None else push,
        seed=chosen,
        prompt=loaded.reading.prompt,
        max_tokens=loaded.reading.max_tokens,
        precision=precision,
        origin=origin_of(encoder.settings, loaded.folder),
        postprocessing=study.arms[arm].postprocessing,
    )
    card = card_of_arm(folder, arm, weights, compare_with_baseline(folder, arm))
    write_sentence_transformer(loaded, to, precision)
    with file_written_whole(to / CARD_FILE) as draft:
        draft.write_text(model_card(card), encoding="utf-8")
    if push is not None:
        upload_folder(to, push, private=private)
    return to


def _seed(folder: RunFolder, arm: str, seed: int | None) -> int:
    seeds = folder.arm(arm).seeds
    chosen = seeds[0] if seed is None else seed
    if chosen not in seeds:
        raise UnknownNameError(f"seed of arm {arm!r}", str(chosen), map(str, seeds))
    return chosen


def _check_place(to: Path) -> None:
    with disk_errors_explained(to):
        has_files = to.exists() and any(to.iterdir())
    if has_files:
        raise StudyError(f"{to} exists and is not empty", "a new folder")
