"""What is up to date: code and inputs that change, `--trust-code`, and what steps execute."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from executed_modules import modules_outside_their_code
from small_study import small_study

from crosslift.api.session import run_study
from crosslift.artifacts import code
from crosslift.artifacts.manifest import MANIFEST
from crosslift.artifacts.progress import Silent
from crosslift.artifacts.store import Store
from crosslift.errors import ArtifactError
from crosslift.planning.plan_study import plan_study
from crosslift.steps import make_step as making
from crosslift.steps.before_run import missing_steps
from crosslift.steps.passing import Passing
from crosslift.steps.past_plans import asked_before, note_plan
from crosslift.steps.run import make_steps, run_plan
from crosslift.steps.status import Status
from crosslift.steps.step import Step, Workplace

MAKER = """
from pathlib import Path
def make(step, workplace, folder):
    read = [(s.open(workplace.store) / "text").read_text() for s in step.inputs.values()]
    (folder / "text").write_text({text!r} + "".join(read))
"""


class Recording(Silent):
    """Remembers which steps were made."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def end(self, step: Step, seconds: float) -> None:
        """One more is made."""
        self.made.append(step.label)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Writes a module of this text and gives its `make`."""
    monkeypatch.syspath_prepend(str(tmp_path / "code"))

    def module(name: str, text: str) -> Any:
        path = tmp_path / "code" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        sys.modules.pop(name, None)
        importlib.invalidate_caches()
        code._read.cache_clear()
        code._spec.cache_clear()
        return importlib.import_module(name).make

    yield module
    for name in ("first", "second", "third"):
        sys.modules.pop(name, None)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def chain(written: Callable[..., Any], first: str, *, passing: bool = False) -> list[Step]:
    """Three steps, each of which reads the one before; the first is made by the code `first`."""
    before: dict[str, Step] = {}
    steps = []
    for name in ("first", "second", "third"):
        text = first if name == "first" else MAKER.format(text=f"{name} ")
        own = Step(
            "encode",
            name,
            {"of": name},
            before,
            written(name, text),
            1.0,
            passing=passing and name == "first",
        )
        steps.append(own)
        before = {"before": own}
    return steps


def made(steps: list[Step], store: Store) -> list[str]:
    listener = Recording()
    make_steps(steps[-1:], store, listener)
    return listener.made


ONE = MAKER.format(text="one ")
SAME_BYTES = ONE.replace("one ' +", "one ' + '' +")
OTHER_BYTES = MAKER.format(text="two ")


@pytest.mark.parametrize("passing", [False, True])
def test_code_that_changes_no_byte_makes_nothing_again_after_it(
    written: Callable[..., Any], store: Store, passing: bool
) -> None:
    assert SAME_BYTES != ONE
    assert made(chain(written, ONE, passing=passing), store) == ["first", "second", "third"]
    assert made(chain(written, ONE, passing=passing), store) == []
    assert made(chain(written, SAME_BYTES, passing=passing), store) == ["first"]
    assert made(chain(written, SAME_BYTES, passing=passing), store) == []


@pytest.mark.parametrize("passing", [False, True])
def test_code_that_changes_bytes_makes_what_depends_on_them_again(
    written: Callable[..., Any], store: Store, passing: bool
) -> None:
    made(chain(written, ONE, passing=passing), store)
    changed = chain(written, OTHER_BYTES, passing=passing)
    assert made(changed, store) == ["first", "second", "third"]
    assert (changed[2].open(store) / "text").read_text() == "third second two "
    assert made(changed, store) == []


def test_the_key_is_what_was_asked_whatever_code_makes_it(written: Callable[..., Any]) -> None:
    one = chain(written, ONE)
    made_by = one[0].code
    other = chain(written, OTHER_BYTES)
    assert [step.key for step in one] == [step.key for step in other]
    assert made_by != other[0].code


def test_reasons_are_told_step_by_step(written: Callable[..., Any], store: Store) -> None:
    def reasons(steps: list[Step], **settings: Any) -> list[str | None]:
        status = Status(store, **settings)
        found = [status.reason(step) for step in steps]
        return [None if reason is None else reason.kind for reason in found]

    steps = chain(written, ONE)
    assert reasons(steps) == ["never made", "never made", "never made"]
    made(steps, store)
    assert reasons(steps) == [None, None, None]
    changed = chain(written, OTHER_BYTES)
    assert reasons(changed) == ["other code", "input made again", "input made again"]
    assert Status(store).reason(changed[0]).modules == ("first",)  # type: ignore[union-attr]
    assert "first differ" in Status(store).reason(changed[0]).words  # type: ignore[union-attr]
    assert reasons(changed, trust_code=True) == [None, None, None]
    made(changed[:1], store)
    assert reasons(changed) == [None, "input changed", "input made again"]
    assert reasons(changed, trust_code=True) == [None, "input changed", "input made again"]
    assert missing_steps(changed, store, Status(store)) == changed[1:]


def test_a_replaced_artifact_is_whole_at_every_moment(
    written: Callable[..., Any], store: Store
) -> None:
    first = chain(written, ONE)[0]
    made([first], store)
    place = first.open(store)
    fails = (
        ONE + "\n    assert (folder.parent / step.key / 'text').read_text() == 'one '\n    1 / 0\n"
    )
    broken = chain(written, fails)[0]
    with pytest.raises(ZeroDivisionError):
        made([broken], store)
    assert (place / "text").read_text() == "one "
    assert [p.name for p in place.parent.iterdir()] == [first.key]
    assert made([chain(written, OTHER_BYTES)[0]], store) == ["first"]
    assert (place / "text").read_text() == "two "
    assert [p.name for p in place.parent.iterdir()] == [first.key]


def test_a_deleted_artifact_leaves_a_trace(written: Callable[..., Any], store: Store) -> None:
    steps = chain(written, ONE, passing=True)
    made(steps, store)
    assert not steps[0].exists(store)
    trace = store.trace(steps[0].kind, steps[0].key)
    assert trace is not None and trace.code == steps[0].code
    assert steps[1].read(store) == {"before": trace.digest}
    kept = chain(written, ONE)  # another study keeps it
    assert Passing(kept, store, Status(store)).to_make(kept[0])
    assert made(kept, store) == ["first"]
    assert not (store.root / "traces" / steps[0].kind / f"{steps[0].key}.json").exists()


def test_what_a_killed_run_had_made_to_be_deleted_is_deleted_by_the_next(
    written: Callable[..., Any], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = chain(written, ONE, passing=True)
    make = Store.make

    def killed(self: Store, *given: Any, **named: Any) -> Path:
        make(self, *given, **named)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "make", killed)
        with pytest.raises(KeyboardInterrupt):
            made(steps, store)
    assert steps[0].exists(store)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "discard", lambda *_: None)
        assert made(steps, store) == ["second", "third"]
    assert steps[0].exists(store)
    assert made(steps, store) == []
    assert not steps[0].exists(store)


def test_what_is_kept_stays_kept_when_it_is_made_again(
    written: Callable[..., Any], store: Store
) -> None:
    made(chain(written, ONE), store)
    changed = chain(written, OTHER_BYTES, passing=True)
    assert made(changed, store) == ["first", "second", "third"]
    assert (changed[0].open(store) / "text").read_text() == "two "


STOPS = """
from pathlib import Path
def make(step, workplace, folder):
    unfinished = workplace.unfinished(step)
    unfinished.mkdir(parents=True, exist_ok=True)
    there = (unfinished / "part").exists()
    (unfinished / "part").write_text("")
    if not there:
        raise RuntimeError("stopped")
    (folder / "text").write_text("resumed")
"""


def test_nothing_is_resumed_from_what_other_code_left(
    written: Callable[..., Any], store: Store
) -> None:
    for text in (STOPS, STOPS.replace("stopped", "halted")):
        with pytest.raises(RuntimeError):
            made(chain(written, text)[:1], store)
    assert len(list((store.root / "unfinished").iterdir())) == 2
    assert made(chain(written, STOPS)[:1], store) == ["first"]
    assert list((store.root / "unfinished").iterdir()) == []


# Studies


def only_text(encoder: Path, **changes: Any) -> Any:
    raw = {
        "seeds": [1],
        "arms": {"baseline": {}, "text": {"stages": [{"task": "name-alias"}]}},
        "targets": [{"name": "names", "languages": ["de"], "pairs": 20}],
        "comparisons": [],
    }
    return small_study(encoder, **(raw | changes))


def other_module(store: Store, kind: str) -> int:
    """Makes every artifact of a kind look as if other code had made it."""
    paths = list(store.root.glob(f"{kind}/*/{MANIFEST}"))
    for path in paths:
        content = json.loads(path.read_text())
        content["code"]["crosslift.training.rates"] = "0" * 16
        del content["checksum"]
        path.write_text(json.dumps(content))
    return len(paths)


def test_what_other_code_made_is_made_again_or_taken_and_named(
    xlm_folder: Path, tmp_path: Path
) -> None:
    store, study, out = Store(tmp_path / "store"), only_text(xlm_folder), tmp_path / "out"
    first = run_study(study, out, store)
    assert not any(step.other_code for step in first.run.steps)
    count = other_module(store, "train")
    trusted = run_study(study, out, store, trust_code=True)
    others = [step for step in trusted.run.steps if step.other_code]
    assert [step.kind for step in others] == ["train"] * count
    assert others[0].other_code == ("crosslift.training.rates",)
    assert all(step.reused for step in trusted.run.steps)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert f"Made by other code than this report: {count} steps" in page
    again = run_study(study, out, store)
    assert {step.kind for step in again.run.steps if not step.reused} == {"train"}
    assert not any(step.other_code for step in again.run.steps)
    assert again.scores == first.scores
    assert "Made by other code" not in (out / "report.html").read_text(encoding="utf-8")


def test_changed_settings_are_told(xlm_folder: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    plan = plan_study(only_text(xlm_folder))
    assert asked_before(plan, store) == {}
    run_plan(plan, store)
    longer = plan_study(only_text(xlm_folder, budget={"updates": 5, "batch_size": 6}))
    status = Status(store, asked_before=asked_before(longer, store))
    (training,) = longer.runs[1].stage_steps
    reason = status.reason(training)
    assert reason is not None
    assert (reason.kind, reason.words) == (
        "settings changed",
        "settings changed: budget.updates 3 -> 5",
    )
    scores = status.reason(longer.runs[1].evaluations["names"]["de"])
    assert scores is not None and scores.words == "settings of an input changed"
    note_plan(longer, store)
    assert asked_before(longer, store) == {}


# The modules that steps execute


def test_every_module_that_a_step_executes_is_in_its_code(xlm_folder: Path, tmp_path: Path) -> None:
    """Fine-tuning, frozen towers and translation are traced where their studies are tested."""
    study = small_study(xlm_folder, sweep={"target": "names"}, seeds=[1])
    with modules_outside_their_code() as outside:
        run_study(study, tmp_path / "out", Store(tmp_path / "store"))
    kinds = ("overlap", "pictures", "train", "encode", "embed-pictures", "evaluate", "diagnose")
    assert outside == {kind: set() for kind in (*kinds, "sweep")}


def test_what_planning_chose_is_in_the_code_of_what_is_made_of_it(xlm_folder: Path) -> None:
    """Readers and parts decide while a study is planned which texts and pictures there are."""
    plan = plan_study(small_study(xlm_folder, seeds=[1]))
    (run,) = (run for run in plan.runs if run.arm == "image")
    assert "crosslift.targets.kinds.bitexts" in run.evaluations["names"]["de"].code
    assert "crosslift.targets.names" in run.evaluations["names"]["de"].code
    pictures = [step for step in plan.steps() if step.kind == "pictures"]
    for step in pictures:
        of_target = "crosslift.targets.pictures" in step.code
        of_task = {"crosslift.making.task_run", "crosslift.tasks.pictogram_records"}
        assert of_target or of_task <= set(step.code), step.label


def test_every_stage_that_an_encoder_reads_is_an_input(xlm_folder: Path) -> None:
    plan = plan_study(only_text(xlm_folder))
    (run,) = (run for run in plan.runs if run.arm == "text")
    for encode in run.evaluations["names"]["de"].inputs.values():
        assert list(encode.inputs.values()) == [*run.start_steps, *run.stage_steps]


def test_code_is_that_of_the_beginning_of_a_run(
    written: Callable[..., Any], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = chain(written, ONE)
    real = making.make_step

    def edited(step: Step, *rest: Any) -> Path:
        path = Path(sys.modules["second"].__file__ or "")
        path.write_text(MAKER.format(text="edited "))
        code._read.cache_clear()
        return real(step, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(making, "make_step", edited)
        made(steps, store)
    again = chain(written, ONE)
    assert store.manifest(again[1].kind, again[1].key).code == again[1].code
    assert (again[1].open(store) / "text").read_text() == "second one "


def test_an_input_that_is_replaced_meanwhile_is_an_error(
    written: Callable[..., Any], store: Store
) -> None:
    first, second, _ = chain(written, ONE)
    made([first], store)
    other = chain(written, OTHER_BYTES)[0]

    def slow(step: Step, workplace: Workplace, folder: Path) -> None:
        made([other], Store(store.root))
        (folder / "text").write_text("of which first?")

    slow.__module__ = second.make.__module__
    late = Step("encode", "second", {"of": "second"}, {"before": first}, slow, 1.0)
    with pytest.raises(ArtifactError, match="an input of encode: second was replaced"):
        making.make_step(late, Workplace(store))
    assert not late.exists(store)


def test_a_trace_that_cannot_be_read_is_none(written: Callable[..., Any], store: Store) -> None:
    steps = chain(written, ONE, passing=True)
    made(steps, store)
    (trace,) = (store.root / "traces").rglob("*.json")
    trace.write_text("{")
    assert store.trace(steps[0].kind, steps[0].key) is None
    assert made(chain(written, ONE, passing=True), store) == ["first"]
