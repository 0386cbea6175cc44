"""The steps of a target: embedding its pictures, evaluating, and checking for overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from crosslift.making.diagnose import diagnose_target
from crosslift.making.embed_pictures import embed_pictures
from crosslift.making.evaluate import PICTURES, evaluate_target
from crosslift.making.loaded_target import LoadedTarget
from crosslift.making.object_encoder import ObjectEncoder
from crosslift.making.task_run import TaskRun
from crosslift.making.text_overlap import ComparedTexts, find_text_overlap
from crosslift.making.trained import Trained
from crosslift.making.vectors import OWN_ROLES, role_of_language
from crosslift.planning.mteb_steps import mteb_steps
from crosslift.planning.picture_steps import features_step, form_of, picture_step
from crosslift.planning.text_steps import TextSteps, encode_steps
from crosslift.planning.training_steps import devices_of, task_of, task_with_pictures
from crosslift.retrieval.postprocess import Postprocessing
from crosslift.steps.step import Step


def embed_pictures_step(trained: Step, loaded: LoadedTarget, seed: int) -> Step:
    """Puts a target's pictures into the space that a stage's image-text task shares with its texts.

    Its artifact: `vectors.npy`, float32 [pictures, D], and, if texts are mapped into that space,
    `text_map.npz` with a weight float32 [D, width] and a bias float32 [D].

    Args:
        trained: the training step of the stage.
        loaded: the target.
        seed: seed of the arm, for a frozen tower with random weights.
    """
    task = task_with_pictures(trained)
    if not loaded.data.pictures or task is None:
        raise TypeError(f"no pictures in target {loaded.target.name}, or no image tower")
    form = form_of(task_of(trained, task).task)
    devices = devices_of(trained)
    label = f"pictures of {loaded.target.name}"
    pictures = list(loaded.data.pictures.values())
    inputs = picture_step(label, pictures, loaded.picture_facts, form.tower_settings, loaded)
    if form.frozen:
        frozen = f"{label}, as a frozen tower has them"
        inputs = features_step(frozen, inputs, form, seed, devices)
    return Step(
        kind="embed-pictures",
        label=label,
        settings={**loaded.picture_facts, "task": task},
        inputs={"tower": trained, "pictures": inputs},
        make=embed_pictures,
        work=len(pictures),
        job=form,
        devices=1 if form.frozen else devices,
    )


def evaluate_steps(
    encoder: Trained | ObjectEncoder,
    loaded: LoadedTarget,
    pictures: Step | None = None,
    postprocessing: Sequence[Postprocessing] = (),
) -> dict[str, Step]:
    """Scores each language of a target: `outcomes.parquet`, one row for each query and protocol;
    `mining.json` where pairs are mined.

    The candidates of a query are all candidates of its language, and post-processing is fitted on one
    language, so no language affects the scores of another.

    Args:
        encoder: the encoder.
        loaded: the target.
        pictures: the step that embeds its pictures, for a target that has some.
        postprocessing: changes of vectors and scores.

    Returns:
        Language -> its step.
    """
    if loaded.target.encodes_while_scored:
        return mteb_steps(encoder, loaded)
    texts = encode_steps(encoder, loaded)
    embedded = {} if pictures is None else {PICTURES: pictures}
    protocols = [protocol.facts() for protocol in loaded.protocols]
    facts = {"target": loaded.target.name, "protocols": protocols}
    return {
        language: Step(
            kind="evaluate",
            label=f"{loaded.target.name}, {language}",
            settings={
                **facts,
                "data": part.checksum,
                "postprocessing": list(postprocessing),
            },
            inputs={**texts[language], **embedded},
            make=evaluate_target,
            work=len(part.texts),
            job=part,
            group=loaded.target.name,
            devices=encoder.devices if part.data.searched_together else 1,
        )
        for language, part in loaded.by_language.items()
    }


def diagnose_step(
    loaded: LoadedTarget,
    texts: TextSteps,
    postprocessing: Sequence[Postprocessing] = (),
) -> Step:
    """Describes the vectors of a target's bitexts: `diagnostics.json`, one entry for each language.

    Args:
        loaded: the target.
        texts: encoding steps of the target, as `encode_steps` returns them.
        postprocessing: changes of the vectors.
    """
    return Step(
        kind="diagnose",
        label=loaded.target.name,
        settings={**loaded.facts, "postprocessing": list(postprocessing)},
        inputs={
            role_of_language(role, language): steps[role]
            for language, steps in texts.items()
            for role in OWN_ROLES
        },
        make=diagnose_target,
        work=len(loaded.texts),
        job=loaded,
    )


def overlap_step(run: TaskRun, loaded: LoadedTarget, threshold: float) -> Step:
    """Compares a task's training texts, including translated ones, with a target's texts:
    `overlap.json`.

    Its dev texts are also compared if they choose the weights that are kept.
    """
    task = run.task
    return Step(
        kind="overlap",
        label=f"{task.name} with {loaded.target.name}",
        settings={"task": task.source.checksum(), "form": asdict(task.form)}
        | {"name": task.name, **loaded.facts, "threshold": threshold, "dev": run.chooses_by_dev},
        inputs={"translated": run.translated} if run.translated else {},
        make=find_text_overlap,
        work=len(loaded.texts),
        job=ComparedTexts(run.whole(), loaded),
    )
