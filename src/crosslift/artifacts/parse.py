"""Parses JSON and YAML of any origin; every fault raises the project's own error."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from crosslift.errors import CrossLiftError, DataError

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

Pairs = list[tuple[str, Any]]
"""Keys and values of a JSON object in the order of the text."""


class _TwiceError(ValueError):
    """A key appears twice in one object."""


def unique_keys(pairs: Pairs) -> dict[str, Any]:
    """An `object_hook` for texts in which no object may have a key twice."""
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _TwiceError(f"{twice!r} appears twice in one object")
    return value


def parse_json(
    text: str | bytes,
    place: str,
    *,
    error: type[CrossLiftError] = DataError,
    remedy: str | None = None,
    object_hook: Callable[[Pairs], Any] | None = None,
) -> Any:
    """Returns the value of a JSON text.

    Args:
        text: JSON; bytes are UTF-8.
        place: name of the file, with the row if there are several, for the error.
        error: the error to raise.
        remedy: remedy that the error advises.
        object_hook: function that makes the value of an object from its pairs (default: a dict with the
            last value of a repeated key; `unique_keys` refuses repeated keys).

    Raises:
        CrossLiftError: ``error``, if the text is not UTF-8, not JSON, nested too deep, refused by
            ``object_hook``, holds a number of too many digits or half of a surrogate pair, which no
            UTF-8 file can hold.
    """
    try:
        content = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(content, object_pairs_hook=object_hook)
    except RecursionError as fault:
        raise error(f"{place}: JSON is nested too deep", "valid JSON", remedy) from fault
    except _TwiceError as fault:
        raise error(f"{place}: {fault}", "each key once", remedy) from fault
    except ValueError as fault:
        raise error(f"{place}: not JSON: {fault}", "valid JSON", remedy) from fault
    if _ESCAPED_SURROGATE.search(content) and _SURROGATE.search(
        json.dumps(value, ensure_ascii=False)
    ):
        raise error(f"{place}: half of a surrogate pair in a text", "whole characters", remedy)
    return value


MOST_VALUES = 100_000
"""Most values of a YAML text, with every alias expanded."""
MOST_LEVELS = 100
"""Most levels of nesting of a YAML text."""
_LARGEST = 2**63

Location = tuple[str | int, ...]
"""The keys and places that lead to a value."""


class Yaml(NamedTuple):
    """The content of a YAML text.

    Args:
        value: value of the whole text; no two parts of it are the same object.
        lines: location -> line of the text, from 1; an entry of a mapping has the line of its key.
    """

    value: Any
    lines: Mapping[Location, int]


def parse_yaml(
    text: str | bytes,
    place: str,
    *,
    error: type[CrossLiftError] = DataError,
    remedy: str | None = None,
) -> Yaml:
    """Returns the value of a YAML text, by the core schema of YAML 1.2 and with merge keys (`<<`).

    So `no`, `on` and `2024-02-30` are texts, and `1e-5` is a number.

    Args:
        text: YAML; bytes are UTF-8.
        place: name of the file, for the error.
        error: the error to raise.
        remedy: remedy that the error advises.

    Raises:
        CrossLiftError: ``error``, if the text is not UTF-8 or not YAML; has a key twice in one
            mapping, a key that is no scalar, a tag that is not of the core schema, a number that is
            not finite or a whole number of more than 64 bits, or half of a surrogate pair; is nested
            deeper than `MOST_LEVELS`, holds itself, or holds more than `MOST_VALUES`.

    Source: YAML 1.2.2, section 10.3 (https://yaml.org/spec/1.2.2).
    """
    try:
        content = text.decode("utf-8") if isinstance(text, bytes) else text
        node = _Loader(content).get_single_node()
    except RecursionError as fault:
        raise error(f"{place}: YAML is nested too deep", "valid YAML", remedy) from fault
    except (yaml.YAMLError, ValueError, OverflowError) as fault:
        wanted = "valid YAML"
        if _UNQUOTED.search(str(fault)):
            wanted += "; a text with ? : , [ ] { } # in it is put in quotes: 'Does it help?'"
        raise error(f"{place} is not valid YAML: {fault}", wanted, remedy) from fault
    reading = _Reading()
    try:
        value = None if node is None else reading.value(node, (), ())
    except _UnboundedError as fault:
        raise error(f"{place} is not valid YAML: {fault}", "valid YAML", remedy) from fault
    if reading.faults:
        count = f"{len(reading.faults)} error" + ("s" if len(reading.faults) > 1 else "")
        listed = "\n".join(f"  line {line}: {fault}" for line, fault in reading.faults)
        raise error(f"{place} is not valid YAML: {count}\n{listed}", None, remedy)
    return Yaml(value, reading.lines)


_UNQUOTED = re.compile(
    r"but got '\?'|mapping values are not allowed|found character that cannot start"
)
_TAG = "tag:yaml.org,2002:"
_CONSTANTS: dict[str, dict[str, bool | None]] = {
    "null": {"": None, "~": None, "null": None, "Null": None, "NULL": None},
    "bool": {
        word: value
        for name, value in (("true", True), ("false", False))
        for word in (name, name.capitalize(), name.upper())
    },
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class _Loader(yaml.SafeLoader):
    """Resolves plain scalars by the core schema."""

    yaml_implicit_resolvers: dict[str | None, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(f"(?:{pattern})\\Z")


for _name, _pattern, _first in (
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", "true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", _INTEGER.pattern, list("-+0123456789")),
    ("float", f"{_FLOAT.pattern}|{_NOT_FINITE.pattern}", list("-+.0123456789")),
    ("merge", "<<", ["<"]),
):
    _Loader.add_implicit_resolver(_TAG + _name, _whole(_pattern), _first)


class _UnboundedError(Exception):
    """A YAML text that expands without bound."""


class _Reading:
    """Turns the nodes of a YAML text into values, and records their lines and faults."""

    def __init__(self) -> None:
        self.lines: dict[Location, int] = {}
        self.faults: list[tuple[int, str]] = []
        self._values = 0

    def value(self, node: yaml.Node, path: Location, around: tuple[yaml.Node, ...]) -> Any:
        """The value of a node.

        Args:
            node: node of the text.
            path: path to the node.
            around: nodes that contain it, the outermost first.
        """
        line = node.start_mark.line + 1
        self._values += 1
        if any(node is holder for holder in around):
            raise _UnboundedError(f"line {line}: an anchor that holds itself")
        if len(around) > MOST_LEVELS:
            raise _UnboundedError(f"line {line}: more than {MOST_LEVELS} levels")
        if self._values > MOST_VALUES:
            raise _UnboundedError(
                f"line {line}: more than {MOST_VALUES:,} values, aliases expanded"
            )
        self.lines.setdefault(path, line)
        kind = node.tag.removeprefix(_TAG)
        inside = (*around, node)
        if isinstance(node, yaml.MappingNode) and kind == "map":
            return self._mapping(node, path, inside)
        if isinstance(node, yaml.SequenceNode) and kind == "seq":
            return [self.value(v, (*path, i), inside) for i, v in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, kind)
        return self._fault(node, f"tag {node.tag!r}, which is none of YAML's core schema")

    def _mapping(
        self, node: yaml.MappingNode, path: Location, around: tuple[yaml.Node, ...]
    ) -> dict[Any, Any]:
        merged: dict[Any, Any] = {}
        entries: dict[Any, Any] = {}
        first_lines: dict[Any, int] = {}
        for key_node, value_node in node.value:
            merges = key_node.tag == f"{_TAG}merge"
            key = "<<" if merges else self._key(key_node)
            line = key_node.start_mark.line + 1
            if key in first_lines:
                self._fault(
                    key_node, f"the key {key!r} appears twice, first in line {first_lines[key]}"
                )
                continue
            first_lines[key] = line
            if merges:
                for inherited in self._merged(value_node, path, around):
                    merged = inherited | merged
                continue
            here = (*path, key if isinstance(key, int) else str(key))
            self.lines[here] = line
            entries[key] = self.value(value_node, here, around)
        return merged | entries

    def _key(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, node.tag.removeprefix(_TAG))
        return self._fault(node, "a key that is a list or a mapping; expected a text or a number")

    def _merged(
        self, node: yaml.Node, path: Location, around: tuple[yaml.Node, ...]
    ) -> Iterator[dict[Any, Any]]:
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            value = self.value(source, path, around)
            if isinstance(value, dict):
                yield value
            else:
                self._fault(source, "`<<` of a value that is not a mapping")

    def _scalar(self, node: yaml.ScalarNode, kind: str) -> Any:
        text = str(node.value)
        if kind in ("str", "merge"):
            return self._text(node, text)
        if kind in _CONSTANTS and text in _CONSTANTS[kind]:
            return _CONSTANTS[kind][text]
        if kind == "int" and _INTEGER.fullmatch(text):
            return self._integer(node, text)
        if kind == "float" and _FLOAT.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        if kind == "float" and (_FLOAT.fullmatch(text) or _NOT_FINITE.fullmatch(text)):
            return self._fault(node, f"the number {text[:40]}, which is not finite")
        return self._fault(node, f"{text[:40]!r} with tag {node.tag!r}")

    def _text(self, node: yaml.ScalarNode, text: str) -> str:
        if not _SURROGATE.search(text):
            return text
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")  # joins the pairs
        except UnicodeDecodeError:
            self._fault(node, "half of a surrogate pair in a text")
            return ""

    def _integer(self, node: yaml.ScalarNode, text: str) -> int | None:
        digits, base = text, 10
        if text[:2] in ("0o", "0x"):
            digits, base = text[2:], 8 if text[1] == "o" else 16
        number = int(digits, base) if len(digits) <= 64 else _LARGEST
        if -_LARGEST <= number < _LARGEST:
            return number
        self._fault(node, f"the number {text[:40]}, which has more than 64 bits")
        return None

    def _fault(self, node: yaml.Node, fault: str) -> None:
        self.faults.append((node.start_mark.line + 1, fault))
