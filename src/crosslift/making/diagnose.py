"""Makes the description of a target's vectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosslift.making.loaded_target import LoadedTarget
from crosslift.making.vectors import open_lookups, own_roles, side_lookups
from crosslift.retrieval.diagnostics import diagnose, separability
from crosslift.retrieval.postprocess import postprocess, transforms
from crosslift.steps.step import Step, Workplace


def diagnose_target(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `diagnostics.json`, one entry a language."""
    loaded: LoadedTarget = step.context
    by_role = open_lookups(step.inputs, loaded, workplace.store)
    lookups = side_lookups(by_role, own_roles(loaded))
    vector_steps = transforms(step.settings["postprocessing"])
    found: list[dict[str, Any]] = []
    by_language: dict[str, NDArray[np.float32]] = {}
    for done, (language, bitext) in enumerate(loaded.data.bitexts.items(), 1):
        sides = {"src": lookups.src(bitext.src), "tgt": lookups.tgt(bitext.tgt)}
        if vector_steps:
            sides = postprocess(sides, vector_steps)
        found.append(diagnose(language, sides["src"], sides["tgt"]).to_json())
        by_language[language] = sides["src"]
        by_language["en"] = sides["tgt"]
        workplace.report(done / len(loaded.data.bitexts))
    widths = {vectors.shape[1] for vectors in by_language.values()}
    told = separability(by_language) if len(widths) == 1 else None
    found.append({"language": "all", "separability": told})
    (folder / "diagnostics.json").write_text(json.dumps(found), encoding="utf-8")
