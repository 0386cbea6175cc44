"""The page as a file, and as a folder for a web server."""

from __future__ import annotations

import base64
import html
import json
from importlib.resources import files
from pathlib import Path

from crosslift.artifacts.disk_errors import make_folder
from crosslift.artifacts.files import file_written_whole
from crosslift.errors import DataError
from crosslift.explorer.build import PageData

_TITLE, _FACTS, _BLOCKS = "<!--title-->", "<!--facts-->", "<!--blocks-->"


def built_page() -> str:
    """The packaged page without data.

    Raises:
        DataError: this installation has no page.
    """
    path = files("crosslift.explorer") / "page" / "page.html"
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise DataError(
            f"{path} is missing",
            "the page that the package ships",
            "`make explorer-page` builds it",
        ) from error


def filled(template: str, data: PageData, sources: dict[str, str] | None = None) -> str:
    """A page with its data.

    Args:
        template: with one of each placeholder.
        data: facts and blocks.
        sources: name of a block -> the address of its bytes; None: they are in the page.

    Raises:
        DataError: a placeholder is missing or appears twice.
    """
    for placeholder in (_TITLE, _FACTS, _BLOCKS):
        if template.count(placeholder) != 1:
            raise DataError(
                f"the page has {placeholder} {template.count(placeholder)} times", "once"
            )
    facts = json.dumps(data.facts, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        facts = facts.replace(letter, escaped)
    elements = [_element(name, data.blocks[name], sources) for name in data.blocks]
    contents = {
        _TITLE: html.escape(data.facts["title"]),
        _FACTS: f'<script type="application/json" id="facts">{facts}</script>',
        _BLOCKS: "\n".join(elements),
    }
    before, between, after, end = _split(template)
    return "".join(
        (before, contents[_TITLE], between, contents[_FACTS], after, contents[_BLOCKS], end)
    )


def _split(template: str) -> tuple[str, str, str, str]:
    """The parts of the page around the placeholders, in this order."""
    before, _, rest = template.partition(_TITLE)
    between, _, rest = rest.partition(_FACTS)
    after, _, end = rest.partition(_BLOCKS)
    return before, between, after, end


def _element(name: str, content: bytes, sources: dict[str, str] | None) -> str:
    attributes = f'type="text/plain" class="block" data-name="{html.escape(name)}"'
    if sources is not None:
        return f'<script {attributes} data-src="{html.escape(sources[name])}"></script>'
    return f"<script {attributes}>{base64.b64encode(content).decode('ascii')}</script>"


def write_page(data: PageData, path: Path) -> Path:
    """Writes a page as one file.

    Raises:
        ArtifactError: the disk is full, or the file cannot be written.
    """
    page = filled(built_page(), data)
    make_folder(path.parent)
    with file_written_whole(path) as draft:
        draft.write_text(page, encoding="utf-8", errors="replace")
    return path


def write_page_folder(data: PageData, folder: Path) -> Path:
    """Writes a page as a folder for a web server: ``index.html``, and its blocks as files beside it.

    Raises:
        ArtifactError: the disk is full, or the folder cannot be written.
    """
    sources = {name: f"blocks/{place}.gz" for place, name in enumerate(data.blocks)}
    page = filled(built_page(), data, sources)
    make_folder(folder / "blocks")
    for name, source in sources.items():
        with file_written_whole(folder / source) as draft:
            draft.write_bytes(data.blocks[name])
    path = folder / "index.html"
    with file_written_whole(path) as draft:
        draft.write_text(page, encoding="utf-8", errors="replace")
    return path
