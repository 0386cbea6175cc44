"""The code of an artifact: the import closure of modules, and what changes a module's hash."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from crosslift.artifacts import code
from crosslift.artifacts.code import code_of, import_closure
from crosslift.forms.declared_forms import FORMS
from crosslift.sources.record import Record
from crosslift.steps.code_behind import HeldByManySteps, modules_behind
from crosslift.tasks.task import FormSpec, texts_read

MODULE = '''
"""Docstring."""
def double(x):
    """Twice."""
    return 2 * x  # two times
class Thing:
    """A thing."""
    size = 3
'''

Write = Callable[[Mapping[str, str]], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the modules of a package `written`."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(files: Mapping[str, str]) -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == "written"]:
            del sys.modules[name]
        for name, text in {"__init__": "", **files}.items():
            path = tmp_path / "written" / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        importlib.invalidate_caches()
        code._read.cache_clear()
        code._spec.cache_clear()

    return put


# Hashes


def hash_of(write: Write, text: str) -> str:
    write({"inner": text})
    return code_of(["written.inner"])["written.inner"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# two times", "# twice, as said"),
        ('"""Docstring."""', '"""Another."""'),
        ('    """Twice."""\n', ""),
        ('    """A thing."""\n', '    """A thing.\n\n    Of some size.\n    """\n'),
        ("return 2 * x", "return (2\n        * x)"),
    ],
)
def test_comments_docstrings_and_layout_do_not_change_the_hash(
    write: Write, old: str, new: str
) -> None:
    assert old in MODULE
    assert hash_of(write, MODULE.replace(old, new)) == hash_of(write, MODULE)


@pytest.mark.parametrize(
    ("old", "new"),
    [("2 * x", "3 * x"), ("2 * x", "x * 2"), ("size = 3", "size = '3'"), ("double", "twice")],
)
def test_code_changes_the_hash(write: Write, old: str, new: str) -> None:
    assert hash_of(write, MODULE.replace(old, new)) != hash_of(write, MODULE)


EVERYTHING = """
import os as o
from . import a
async def f(x, /, y: int = 3, *z, k=None, l, **rest) -> "u":
    async with x as y, z: await y
    return {**x, 1: [*y, ()]}, {2}, x[1:, ..., ::2], (yield), -1.5e300, 2j, b"\\xff", True
@d
class C(B, metaclass=M):
    x: int
    def g(self): return f"a{self.x!r:>{w}}b" "\\u1e9e\\U0001fae8" f"{self=}{{}}" u"c"
try: pass
except* E as e: raise T from e
else: del x[0]
match p:
    case [1, *_, {"a": b, **c}] | C(d=None) as q if (n := q): lambda *a: a if b else c
    case _: global G
for i in (j for j in k if j async for m in n): i **= 2
"""


def tree_of(text: str) -> ast.Module:
    return ast.parse(text)


def test_the_hash_is_the_same_in_every_version_of_python() -> None:
    """A tree of Python 3.11; another version must come to the same hash."""
    assert code._digest(tree_of(EVERYTHING)) == "16084555e4c6df84"


def test_fields_without_a_value_do_not_change_the_hash() -> None:
    """Python 3.12 added `type_params` to definitions, empty in all code that 3.11 can read."""
    extended, reduced = tree_of(EVERYTHING), tree_of(EVERYTHING)
    for node in ast.walk(extended):
        node._fields = (*node._fields, "type_params", "of_tomorrow")
        node.type_params, node.of_tomorrow = [], None  # type: ignore[attr-defined]
    removed = 0
    for node in ast.walk(reduced):
        empty = [name for name in node._fields if getattr(node, name, None) in (None, [])]
        node._fields = tuple(name for name in node._fields if name not in empty)
        removed += len(empty)
    assert removed > 50
    plain = code._digest(tree_of(EVERYTHING))
    assert code._digest(extended) == code._digest(reduced) == plain
    definition = next(node for node in ast.walk(extended) if isinstance(node, ast.ClassDef))
    definition.type_params = [ast.Name("T")]  # type: ignore[attr-defined]
    assert code._digest(extended) != plain


def test_how_the_text_of_an_f_string_is_split_does_not_change_the_hash() -> None:
    def digest(*parts: str | ast.expr) -> str:
        values = [ast.Constant(part) if isinstance(part, str) else part for part in parts]
        return code._digest(ast.JoinedStr(values))

    value = ast.FormattedValue(ast.Name("x"), -1)
    assert digest("a", "b", value, "") == digest("ab", value) == digest("", "ab", "", value)
    assert digest("ab", value) != digest("a", value, "b")
    assert digest(value) != digest(value, value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x = None", "x = ''"),
        ("x = [None]", "x = []"),
        ("return", "return None"),
        ("x = 1", "x = True"),
        ("x = 0.0", "x = -0.0"),
        ("f(a, b)", "f((a, b))"),
        ("{None: 1}", "{**1}"),
        ("x = 'é'", "x = 'e'"),
        ("def f(a=1): 1", "def f(*, a=1): 1"),
        ("x[1:]", "x[:1]"),
    ],
)
def test_code_that_is_alike_but_for_an_empty_value_differs(old: str, new: str) -> None:
    assert code._digest(tree_of(old)) != code._digest(tree_of(new))


def test_a_module_that_does_not_exist() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"crosslift\.nothing_of_that_name"):
        code_of(["crosslift.nothing_of_that_name"])


# Closures


def closure(*modules: str) -> list[str]:
    modules_in_closure = import_closure(f"written.{module}" for module in modules)
    return sorted(name.removeprefix("written.") for name in modules_in_closure)


@pytest.mark.parametrize(
    "text",
    [
        "import written.b",
        "import json, written.b as other",
        "from written import b",
        "from written.b import thing",
        "from . import b",
        "from .b import thing as it",
        "def f():\n    from written.b import thing",
        "try:\n    import written.b\nexcept ImportError:\n    pass",
        "class A:\n    def f(self):\n        import written.b",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import written.c\nelse:\n"
        "    import written.b",
    ],
)
def test_imports_are_found_wherever_they_are_written(write: Write, text: str) -> None:
    write({"a": text, "b": "thing = 1", "c": ""})
    names = [name for name in closure("a") if name != "written"]
    assert names == ["a", "b"]


def test_imports_are_followed_through_circles_and_packages(write: Write) -> None:
    write(
        {
            "a": "import written.pack.inner",
            "pack/__init__": "from written import c",
            "pack/inner": "from written.a import x",
            "c": "",
            "d": "",
        }
    )
    assert closure("a") == ["a", "c", "pack", "pack.inner", "written"]
    assert closure("pack") == ["c", "pack", "written"]
    assert closure("d", "c") == ["c", "d", "written"]


def test_imports_for_type_checkers_and_of_other_packages_are_left_out(write: Write) -> None:
    lines = "import typing\nif typing.TYPE_CHECKING:\n    from written import b\nimport numpy\n"
    write({"a": lines, "b": ""})
    assert closure("a") == ["a", "written"]


def test_imports_of_crosslift_are_followed_from_another_package(write: Write) -> None:
    write({"a": "import crosslift\nfrom crosslift.sources.record import Record"})
    of_records = import_closure(["crosslift.sources.record"])
    assert closure("a") == sorted({"a", "written", *of_records})


def test_a_script_that_is_run_has_the_code_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "script.py"
    hashes = []
    for text in ("x = 1  # one", "x = 1", "x = 2"):
        script.write_text(text)
        code._read.cache_clear()
        monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script), raising=False)
        hashes.append(code_of(["__main__"])["__main__"])
    assert hashes[0] == hashes[1] != hashes[2]


def test_what_shows_artifacts_is_no_part_of_making_them() -> None:
    modules = import_closure(["crosslift.cli.main", "crosslift.api.session"])
    assert "crosslift.planning.training_steps" in modules
    assert not [m for m in modules if m.startswith(("crosslift.cli", "crosslift.reports"))]


def test_encoding_does_not_depend_on_readers_of_tasks() -> None:
    modules = import_closure(["crosslift.making.encode"])
    assert not [m for m in modules if m.startswith(("crosslift.tasks", "crosslift.sources"))]


@pytest.mark.parametrize("form", FORMS)
def test_the_code_of_a_form_is_that_of_its_class(form: Any) -> None:
    assert FormSpec(form).code_modules == (FORMS[form].form_class().__module__,)


# What is behind an object


@dataclass
class Holder:
    """Not of the package: what it holds is not looked at."""

    value: object


def test_modules_behind_objects_and_functions() -> None:
    record = Record(id="a", language="en", texts={})
    behind = partial(modules_behind, skip=Holder)
    assert behind(record) == {"crosslift.sources.record"}
    assert behind({"a": [(record, 1)]}) == {"crosslift.sources.record"}
    assert behind(closure) == frozenset()
    assert behind([code_of, "text", None, 3]) == {"crosslift.artifacts.code"}
    assert behind(partial(texts_read, record)) == {
        "crosslift.tasks.task",
        "crosslift.sources.record",
    }
    assert behind(lambda: record) == {"crosslift.sources.record"}
    assert behind(Holder(record)) == frozenset()
    assert "crosslift.forms.span_qa" in behind({"form": FormSpec("span-qa")})


class Shared(HeldByManySteps):
    """As a target: many steps hold it."""

    def __init__(self, value: object) -> None:
        self.value = value
        self.looked_at = 0

    @property
    def code_modules(self) -> tuple[str, ...]:
        """Counts how often it is walked over."""
        self.looked_at += 1
        return ("crosslift.sources.record",)


def test_what_many_steps_hold_is_looked_at_once() -> None:
    shared = Shared(None)
    behind = partial(modules_behind, skip=Holder)
    expected = {"crosslift.sources.record", "crosslift.steps.code_behind"}
    assert behind(shared) == behind([shared]) == behind({"a": (shared, shared)}) == expected
    assert shared.looked_at == 1
    assert behind([Shared(shared), code_of]) == {*expected, "crosslift.artifacts.code"}
    assert shared.looked_at == 1
    assert modules_behind([shared, Holder], skip=Shared) == frozenset()


def test_objects_that_hold_one_another_are_looked_at_once() -> None:
    circle: list[Any] = [Record(id="a", language="en", texts={})]
    circle.append(circle)
    assert modules_behind(circle, skip=Holder) == {"crosslift.sources.record"}
