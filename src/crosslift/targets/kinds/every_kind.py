"""All kinds of targets by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosslift.target_kinds import KindName
from crosslift.targets.kinds.bitexts import BitextTarget
from crosslift.targets.kinds.graded_texts import GradedTarget
from crosslift.targets.kinds.judged_texts import JudgedTarget
from crosslift.targets.kinds.labelled_examples import LabelledTarget
from crosslift.targets.kinds.mined_texts import MiningTarget
from crosslift.targets.kinds.mteb_tasks import MtebTarget
from crosslift.targets.kinds.pictures_with_texts import PictureTarget
from crosslift.targets.target import Target

KINDS: Mapping[KindName, type[Target[Any, Any]]] = {
    kind.kind: kind
    for kind in (
        *(BitextTarget, PictureTarget, MiningTarget, LabelledTarget, GradedTarget, JudgedTarget),
        MtebTarget,
    )
}
