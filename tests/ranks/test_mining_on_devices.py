"""The search of a mining target on several ranks: the bytes of one process."""

from __future__ import annotations

from pathlib import Path

import pytest
from rank_work import neighbours
from small_study import untrained_plan

from crosslift.artifacts.store import Store
from crosslift.planning.plan import Plan
from crosslift.planning.sizes import size_of_step
from crosslift.ranks.launch import run_ranks
from crosslift.ranks.ranks import ALONE
from crosslift.steps.run import run_plan


def write_bucc(folder: Path) -> None:
    """Dev and test of one language: 11 and 21 pairs, and other texts of both sides."""
    folder.mkdir()
    for split, pairs in (("dev", 11), ("test", 21)):
        texts = {
            side: [
                f"{split} {number} {side if number >= pairs else ''}" for number in range(pairs + n)
            ]
            for side, n in (("de", 8), ("en", 3))
        }
        for side, of_side in texts.items():
            rows = "".join(f"{side}-{n:03}\t{text}\n" for n, text in enumerate(of_side))
            (folder / f"de-en.{split}.{side}").write_text(rows, encoding="utf-8")
        gold = "".join(f"de-{n:03}\ten-{n:03}\n" for n in range(pairs))
        (folder / f"de-en.{split}.gold").write_text(gold, encoding="utf-8")


def study(encoder: Path, data: Path, devices: int) -> Plan:
    """Mining under protocols that fit thresholds on another split and on halves, and MTEB's."""
    bucc = {
        "name": "bucc",
        "data": str(data),
        "languages": ["de"],
        "protocols": ["crosslift", "laser", "mteb"],
    }
    return untrained_plan(encoder, devices, [bucc, {"name": "names", "languages": ["de"]}])


@pytest.mark.filterwarnings("ignore")
def test_two_ranks_write_the_bytes_of_one_process(bert_folder: Path, tmp_path: Path) -> None:
    """Of 29 src texts, one rank searches 15, the other 14. A plan divides this evaluation alone."""
    write_bucc(tmp_path / "bucc")
    steps, stores = [], []
    for devices in (1, 2):
        plan = study(bert_folder, tmp_path / "bucc", devices)
        steps.append([step for step in plan.steps() if step.kind == "evaluate"])
        stores.append(Store(tmp_path / str(devices)))
        run_plan(plan, stores[-1])
    one, two = steps
    assert [step.key for step in one] == [step.key for step in two]
    assert [step.devices for step in one] == [1, 1]
    assert {step.group: step.devices for step in two} == {"bucc": 2, "names": 1}
    assert size_of_step(two[0]).memory == two[0].devices * (size_of_step(one[0]).memory or 0)
    for step in two:
        of_one, of_two = (step.open(store) for store in stores)
        names = sorted(path.name for path in of_one.iterdir() if path.name != "manifest.json")
        assert names == sorted(p.name for p in of_two.iterdir() if p.name != "manifest.json")
        assert step.group == "names" or "mining.json" in names
        for name in names:
            assert (of_one / name).read_bytes() == (of_two / name).read_bytes(), (step.label, name)


def test_neighbours_on_three_ranks_ties_included() -> None:
    """Also of fewer rows than ranks."""
    assert run_ranks(3, neighbours, (), lambda _: None) == neighbours(ALONE, lambda _: None)
