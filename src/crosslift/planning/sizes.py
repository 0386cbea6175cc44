"""Estimates the memory and disk that steps take, from facts known before they run: the parameters of
the encoder, the batch, the number of texts and pictures. The estimates are for orientation: where texts
are longer than a dozen tokens, training takes more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.encoders.encoder_size import EncoderSize, size_of
from crosslift.engines.needs import Needs
from crosslift.making.answer import Answering
from crosslift.making.encode import Encoding
from crosslift.making.evaluate_mteb import MtebJob
from crosslift.making.object_encoder import ObjectEncoder
from crosslift.making.sweep import EveryPlace
from crosslift.making.train import Training
from crosslift.planning.plan import Plan
from crosslift.planning.training_steps import TOKENS_OF_A_TEXT
from crosslift.steps.step import Kind, Step

_PROCESS = 0.5 * 2**30
_WITH_TORCH = 0.9 * 2**30
"""Bytes of a process before it holds anything: measured on Linux with torch's CPU build."""
_FLOAT, _HALF = 4, 2
_OPTIMIZER = 3 * _FLOAT  # for a trained weight: its master copy and AdamW's two moments, in float32
_ACTIVATIONS = 34
"""Bytes that a layer keeps for each token and unit of width, in bfloat16 (Korthikanti et al. 2022,
arXiv 2205.05198, equation 1, without the part of attention, which is small for short texts)."""
_WEIGHTS_OF_A_LAYER = 12  # times the squared width: attention and a feed-forward of four widths
_TOWER_WIDTH = 1280  # width of the embedded tower; published ones have 768 to 1,536
_OUTCOME = 40  # bytes of a query of a target in its file


class Size(NamedTuple):
    """Bytes that a step takes; None: not known, because the encoder's files are not here."""

    memory: float | None
    disk: float | None


def size_of_step(step: Step) -> Size:
    """The approximate memory that a step takes while it runs, and the disk that its artifact takes."""
    return _SIZES.get(step.kind, _small)(step)


def _small(step: Step) -> Size:
    return Size(step.devices * _PROCESS, _OUTCOME * step.work)


def _loaded(settings: EncoderSettings, size: EncoderSize) -> float:
    """Bytes of a loaded encoder: its table in float32, and the other weights with the copy that they
    are set back to; all of them once more while they are read."""
    per_weight = _HALF if settings.precision == "bfloat16" else _FLOAT
    rest = size.parameters - size.table
    return _WITH_TORCH + _FLOAT * (size.table + size.parameters) + 2 * per_weight * rest


def _vectors(settings: EncoderSettings, texts: float, places: int = 1, devices: int = 1) -> Size:
    """The size of a step that writes vectors to a file, on devices that each load the encoder."""
    size = size_of(settings)
    if size is None:
        return Size(None, None)
    return Size(devices * _loaded(settings, size), _FLOAT * size.width * texts * places)


def _encoded(step: Step) -> Size:
    if isinstance(step.job, EveryPlace):
        places = len(step.job.places)
        return _vectors(step.job.encoder.settings, step.work, places, step.devices)
    encoder = step.job_as(Encoding).encoder
    if isinstance(encoder, ObjectEncoder):
        return Size(None, None)
    return _vectors(encoder.settings, step.work, devices=step.devices)


def _mteb(step: Step) -> Size:
    """The size of a step of MTEB: the vectors are only in memory, on each device."""
    encoder = step.job_as(MtebJob).encoders[""]
    if isinstance(encoder, ObjectEncoder):
        return Size(None, None)
    vectors = _vectors(encoder.settings, step.work)
    if vectors.memory is None or vectors.disk is None:
        return Size(None, None)
    return Size(step.devices * (vectors.memory + vectors.disk), _OUTCOME * step.work)


def _answered(step: Step) -> Size:
    encoder = step.job_as(Answering).encoder
    return Size(_vectors(encoder.settings, 0, devices=step.devices).memory, 10 * step.work)


def _trained(step: Step) -> Size:
    job = step.job_as(Training)
    size = size_of(job.before.settings)
    if size is None:
        return Size(None, None)
    pictures = sum(_disk_of_pictures(each) for each in step.inputs.values())
    ranks = step.devices  # each loads the encoder, and has its own optimizer
    loaded = ranks * (_loaded(job.before.settings, size) + pictures)
    if job.stage.text_side == "locked":
        return Size(loaded, _FLOAT * size.width**2)
    weights = size.parameters - size.table
    layers = weights / (_WEIGHTS_OF_A_LAYER * size.width**2)
    texts = job.budget.batch_size * max(r.task.form.texts_per_record for r in job.tasks.values())
    tokens = texts * TOKENS_OF_A_TEXT / job.stage.accumulation
    kept = _ACTIVATIONS * size.width * layers * tokens
    return Size(
        loaded + ranks * (_OPTIMIZER + _HALF) * weights + kept,
        _FLOAT * weights * (1 + len(job.kept)),
    )


def _chosen(step: Step) -> Size:
    """The size of a choice: its artifact is a copy of the best try's artifact."""
    return Size(_PROCESS, _trained(next(iter(step.inputs.values()))).disk)


def _disk_of_pictures(step: Step) -> float:
    if step.kind == "features":
        pictures = step.inputs.get("pictures")
        count = step.work if pictures is None else pictures.settings["count"]
        return float(_FLOAT * _TOWER_WIDTH * count)
    if step.kind == "pictures":
        return float(3 * step.settings["size"] ** 2 * step.settings["count"])
    return 0.0


def _pictures(step: Step) -> Size:
    disk = _disk_of_pictures(step)
    return Size(step.devices * _WITH_TORCH, disk)


def _embedded(step: Step) -> Size:
    disk = _FLOAT * _TOWER_WIDTH * step.work
    return Size(step.devices * (_WITH_TORCH + disk), disk)


_SIZES: Mapping[Kind, Callable[[Step], Size]] = {
    "pictures": _pictures,
    "features": _pictures,
    "embed-pictures": _embedded,
    "train": _trained,
    "choose": _chosen,
    "encode": _encoded,
    "mteb": _mteb,
    "answer": _answered,
}


def together(sizes: Iterable[Size]) -> Size:
    """The size of steps that run one after another: the most memory of one, and the disk of all. None
    if the size of one is not known."""
    memory, disk = 0.0, 0.0
    for each in sizes:
        if each.memory is None or each.disk is None:
            return Size(None, None)
        memory, disk = max(memory, each.memory), disk + each.disk
    return Size(memory, disk)


def needs_of(steps: Sequence[Step]) -> Needs:
    """The needs of a worker that may make any of some steps."""
    if not steps:
        return Needs()
    sizes = [(size_of_step(step).memory or 0.0, step) for step in steps]
    memory, largest = max(sizes, key=lambda each: each[0])
    devices = max(step.devices for step in steps)
    return Needs(memory=memory, step=f"{largest.kind}: {largest.label}", devices=devices)


@dataclass(frozen=True, slots=True)
class ArmSteps:
    """The steps that an arm adds to a plan: steps that no earlier arm needs.

    Args:
        arm: name of the arm; empty: steps that compare training data with targets.
        steps: steps of all its seeds, each after its inputs.
    """

    arm: str
    steps: tuple[Step, ...]


def steps_by_arm(plan: Plan) -> Iterator[ArmSteps]:
    """Every step of a plan once, at the first arm that needs it; comparisons of data come first."""
    counted: set[str] = set()

    def new(steps: Iterable[Step]) -> tuple[Step, ...]:
        by_key = {step.key: step for step in steps if step.key not in counted}
        counted.update(by_key)
        return tuple(by_key.values())

    overlaps = (*plan.overlaps.values(), *plan.picture_overlaps.values())
    compared = new(each for step in overlaps for each in step.with_inputs())
    if compared:
        yield ArmSteps("", compared)
    for arm in dict.fromkeys(run.arm for run in plan.runs):
        yield ArmSteps(arm, new(s for run in plan.runs if run.arm == arm for s in run.steps()))
