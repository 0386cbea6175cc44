"""Makes the description of a target's vectors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crosslift.making.loaded_target import Loaded, LoadedTarget
from crosslift.making.vectors import OWN_ROLES, open_lookups, role_of_language
from crosslift.results.result_record import ResultRecord
from crosslift.results.vector_diagnoses import DIAGNOSTICS_FILE, Separability
from crosslift.retrieval.diagnostics import diagnose, separability
from crosslift.retrieval.postprocess import postprocess, transforms
from crosslift.steps.step import Step, Workplace


def diagnose_target(step: Step, workplace: Workplace, folder: Path) -> None:
    """Writes `diagnostics.json`: one entry for each language, and one for all together."""
    loaded: LoadedTarget = step.job_as(Loaded)
    by_role = open_lookups(step.inputs, workplace.store)
    vector_steps = transforms(step.settings["postprocessing"])
    entries: list[ResultRecord] = []
    by_language: dict[str, NDArray[np.float32]] = {}
    for done, (language, bitext) in enumerate(loaded.data.bitexts.items(), 1):
        src, tgt = (by_role[role_of_language(role, language)] for role in OWN_ROLES)
        sides = {"src": src(bitext.src), "tgt": tgt(bitext.tgt)}
        if vector_steps:
            sides = postprocess(sides, vector_steps)
        entries.append(diagnose(language, sides["src"], sides["tgt"]))
        by_language[language] = sides["src"]
        by_language["en"] = sides["tgt"]
        workplace.report(done / len(loaded.data.bitexts))
    widths = {vectors.shape[1] for vectors in by_language.values()}
    share = separability(by_language) if len(widths) == 1 else None
    entries.append(Separability(separability=share))
    content = json.dumps([entry.to_json() for entry in entries])
    (folder / DIAGNOSTICS_FILE).write_text(content, encoding="utf-8")
