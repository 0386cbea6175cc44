"""What image towers were trained on, and how reports say so."""

from __future__ import annotations

from typing import Any

import pytest
from report_sample import sample_stage, sample_task

from crosslift.images.tower_knowledge import knowledge_of
from crosslift.images.tower_settings import TowerSettings
from crosslift.reports.seen_photographs import seen_photographs
from crosslift.reports.stages import stage_words
from crosslift.results.arm_facts import ArmFacts, TaskTower
from crosslift.results.target_facts import TargetFacts


@pytest.mark.parametrize(
    ("settings", "words", "photographs"),
    [
        ({}, "ImageNet-1k photographs with English class labels, no captions", ("imagenet-1k",)),
        ({"weights": "random"}, "nothing: random weights", ()),
        ({"name": "convolutional"}, "nothing: random weights", ()),
        ({"name": "timm:resnet18.a1_in1k"}, "ImageNet photographs", ("imagenet-1k",)),
        ({"name": "timm:vit_base_patch16_224.augreg_in21k"}, "ImageNet", ("imagenet-1k",)),
        ({"name": "timm:vit_base_patch16_224.dino"}, "not recorded", None),
        ({"name": "google/vit-base-patch16-224"}, "not recorded", None),
    ],
)
def test_knowledge_follows_name_and_weights(
    settings: dict[str, Any], words: str, photographs: tuple[str, ...] | None
) -> None:
    knowledge = knowledge_of(TowerSettings(**settings))
    assert words in knowledge.words
    assert knowledge.photographs == photographs


def test_a_stage_says_what_its_tower_was_trained_on() -> None:
    task = sample_task("image-text", "image-text", 6, 1.0)
    tower = TaskTower(
        name="embedded",
        side="frozen",
        trained_on="ImageNet-1k photographs",
        photographs=("imagenet-1k",),
    )
    stage = sample_stage([task.model_copy(update={"tower": tower})], {})
    assert stage_words(stage).tasks == (
        "image-text (image-text; image tower embedded, frozen, was trained on ImageNet-1k photographs)"
    )
    trained = tower.model_copy(update={"side": "trainable", "photographs": None})
    stage = sample_stage([task.model_copy(update={"tower": trained})], {})
    assert "embedded, trained here, was" in stage_words(stage).tasks
    plain = stage_words(sample_stage([task], {})).tasks
    assert plain == "image-text (image-text)"


def arm_with(name: str, photographs: tuple[str, ...] | None) -> ArmFacts:
    tower = TaskTower(name="t", side="frozen", trained_on="x", photographs=photographs)
    task = sample_task("image-text", "image-text", 6, 1.0).model_copy(update={"tower": tower})
    return ArmFacts.model_construct(name=name, stages=(sample_stage([task], {}),))


def test_targets_name_the_towers_that_saw_their_photographs() -> None:
    arms = [
        arm_with("image", ("imagenet-1k",)),
        arm_with("scratch", ()),
        arm_with("hub", None),
        ArmFacts.model_construct(name="baseline", stages=()),
    ]
    target = TargetFacts.model_construct(photographs="imagenet-1k")
    assert seen_photographs(target, arms) == (
        "The photographs are of imagenet-1k, on which the image tower of image was trained, with "
        "labels. Whether the image tower of hub was trained on imagenet-1k is not recorded."
    )
    assert seen_photographs(target, arms[1:2]) == ""
    assert seen_photographs(TargetFacts.model_construct(photographs=None), arms) == ""
