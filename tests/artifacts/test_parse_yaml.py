"""YAML of any origin: a value by the core schema of YAML 1.2, or the project's own error."""

from __future__ import annotations

from typing import Any

import pytest

from crosslift.artifacts.parse import MOST_LEVELS, MOST_VALUES, parse_yaml
from crosslift.errors import DataError, StudyError


def value(text: str) -> Any:
    return parse_yaml(text, "x").value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[de, no, on, off, yes, y, N]", ["de", "no", "on", "off", "yes", "y", "N"]),
        ("2024-02-30", "2024-02-30"),
        ("2024-02-28 10:00:00", "2024-02-28 10:00:00"),
        ("[true, True, FALSE]", [True, True, False]),
        ("- null\n- ~\n-\n- Null", [None, None, None, None]),
        ("[1, -2, +3, 010, 0o10, 0xfF]", [1, -2, 3, 10, 8, 255]),
        ("[1., .5, 1e-5, 2E3, -1.5e+2]", [1.0, 0.5, 1e-5, 2000.0, -150.0]),
        (
            "[1:30, 1_000, =, 1e, 0x, e5, nan, inf, .]",
            ["1:30", "1_000", "=", "1e", "0x", "e5", "nan", "inf", "."],
        ),
        ('["no", \'5\', !!str 5, !!int "5", !!float 1]', ["no", "5", "5", 5, 1.0]),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ("", None),
        ("\ufeffa: 1", {"a": 1}),
        ("{0: a, 0.5: b}", {0: "a", 0.5: "b"}),
        ("a: &x {k: [1]}\nb: {<<: *x, l: 2}", {"a": {"k": [1]}, "b": {"k": [1], "l": 2}}),
    ],
)
def test_the_core_schema(text: str, expected: Any) -> None:
    assert value(text) == expected
    assert type(value(text)) is type(expected)


def test_what_is_merged_gives_way_to_own_keys_and_to_what_is_merged_before() -> None:
    text = "a: &x {k: 1}\nb: &y {k: 2, m: 3, n: 4}\nc: {m: 0, <<: [*x, *y]}"
    assert value(text)["c"] == {"k": 1, "m": 0, "n": 4}


def test_every_alias_is_a_value_of_its_own() -> None:
    content = value("a: &x {k: [1]}\nb: *x\nc: {<<: *x}")
    content["b"]["k"].append(2)
    assert content["a"] == {"k": [1]}
    assert content["c"] == {"k": [1]}


def test_lines_are_those_of_keys_and_entries() -> None:
    lines = parse_yaml("a:\n  - x\n  - k: 1\n2:\n  b", "x").lines
    assert lines[()] == 1
    assert lines["a",] == 1
    assert lines["a", 0] == 2
    assert lines["a", 1, "k"] == 3
    assert lines[2,] == 4


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "not valid YAML"),
        ("a: 1\n---\nb: 2", "not valid YAML"),
        ("\x00", "not valid YAML"),
        ('"\\U00110000"', "not valid YAML"),
        (b"\xff", "not valid YAML"),
        ("%YAML " + "9" * 5000 + ".1\n--- a", "not valid YAML"),
        ("[" * 3000 + "]" * 3000, "nested too deep"),
        ("[" * 200 + "]" * 200, f"more than {MOST_LEVELS} levels"),
        ("a: &a [*a]", "line 1: an anchor that holds itself"),
        ("a: &a {b: {<<: *a}}", "an anchor that holds itself"),
        ("a: 1\nb:\n  c: 1\n  c: 2\na: 3", "line 4: the key 'c' appears twice, first in line 3"),
        ("a: 1\nb:\n  c: 1\n  c: 2\na: 3", "line 5: the key 'a' appears twice, first in line 1"),
        ("a: 1\n<<: {}\n<<: {}", "line 3: the key '<<' appears twice"),
        ("{1: a, true: c}", "the key True appears twice"),
        ("{[1]: 2}", "a key that is a list or a mapping"),
        ("{<<: 5}", "`<<` of a value that is not a mapping"),
        ("9" * 5000, "more than 64 bits"),
        ("0x" + "f" * 17, "more than 64 bits"),
        ("9223372036854775808", "more than 64 bits"),
        ("1e999", "not finite"),
        ("[.inf, -.Inf, .NaN]", "3 errors"),
        ('"smile \\ud83d"', "surrogate"),
        ("!!python/object:os.system {}", "tag"),
        ("!!timestamp 2024-01-01", "tag"),
        ("!!set {a, b}", "tag"),
        ("!!binary aGk=", "tag"),
        ("!!bool yes", "tag"),
        ("!!int x", "tag"),
    ],
)
def test_what_is_no_yaml_is_refused_by_its_place(text: str | bytes, says: str) -> None:
    with pytest.raises(StudyError) as refusal:
        parse_yaml(text, "a.yaml", error=StudyError)
    assert says in str(refusal.value)
    assert "a.yaml" in str(refusal.value)
    assert len(str(refusal.value)) < 6000


def test_aliases_that_expand_without_bound_are_refused() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40)]
    with pytest.raises(DataError, match=f"more than {MOST_VALUES:,} values"):
        value("\n".join(lines))
