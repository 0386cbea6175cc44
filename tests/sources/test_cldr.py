"""CLDR's emoji names: three layouts, one meaning; what translates; the targets that use them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cldr_samples import EXPECTED, write_list

from crosslift.errors import DataError, UnknownNameError
from crosslift.planning.load_target import load_target
from crosslift.sources.cldr.emoji_ids import id_of_code_points, id_of_text
from crosslift.sources.cldr.find_names import cldr_place, fetched_folder
from crosslift.sources.cldr.read_names import read_cldr
from crosslift.sources.cldr.translations import AS_IN_ENGLISH, read_translations
from crosslift.sources.pictograms import Concept
from crosslift.studies.reading import parse_study
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.kinds.pictures_with_texts import PictureData
from crosslift.targets.names import held_out_concepts
from crosslift.targets.target_settings import TargetSettings

SMALL = {
    "de": {"😀": "grinsendes Gesicht", "❤": "rotes Herz", "🇩🇪": "Flagge: Deutschland"},
    "pt-PT": {"😀": "cara com sorriso"},
}
DERIVED = ("🇩🇪",)


def write_package(folder: Path) -> Path:
    for locale, names in SMALL.items():
        for kind in ("annotations", "annotationsDerived"):
            names_of_kind = {
                e: n for e, n in names.items() if (e in DERIVED) == (kind != "annotations")
            }
            facts = {e: {"default": ["x", n], "tts": [n]} for e, n in names_of_kind.items()}
            path = folder / kind / locale / "annotations.json"
            path.parent.mkdir(parents=True)
            content = {kind: {"identity": {"language": locale}, "annotations": facts}}
            path.write_text(json.dumps(content), encoding="utf-8")
    return folder


def write_debian(folder: Path) -> Path:
    for locale, names in SMALL.items():
        for kind in ("annotations", "annotationsDerived"):
            names_of_kind = {
                e: n for e, n in names.items() if (e in DERIVED) == (kind != "annotations")
            }
            lines = [
                f'<annotation cp="{e}">a | b</annotation>'
                f'<annotation cp="{e}" type="tts">{n}</annotation>'
                for e, n in names_of_kind.items()
            ]
            path = folder / "common" / kind / f"{locale.replace('-', '_')}.xml"
            path.parent.mkdir(parents=True, exist_ok=True)
            head = '<?xml version="1.0"?><!DOCTYPE ldml SYSTEM "../../common/dtd/ldml.dtd">'
            body = f"<ldml><annotations>{''.join(lines)}</annotations></ldml>"
            path.write_text(head + body, encoding="utf-8")
    return folder


@pytest.mark.parametrize("write", [write_package, write_debian, write_list])
def test_every_layout_gives_the_same_names(write: object, tmp_path: Path) -> None:
    assert read_cldr(write(tmp_path / "data")) == EXPECTED  # type: ignore[operator]


def test_packages_side_by_side_and_single_folders(tmp_path: Path) -> None:
    write_package(tmp_path / "node_modules" / "cldr-annotations-full")
    assert read_cldr(tmp_path) == EXPECTED
    alone = tmp_path / "node_modules" / "cldr-annotations-full" / "annotationsDerived"
    assert read_cldr(alone) == {"de": {"1F1E9-1F1EA": "Flagge: Deutschland"}}
    assert read_cldr(write_list(tmp_path / "list") / "names.jsonl") == EXPECTED


def test_ids_do_not_depend_on_presentation_or_width() -> None:
    assert id_of_text("❤️") == id_of_text("❤") == id_of_code_points("2764-FE0F") == "2764"
    assert id_of_code_points("7b") == id_of_text("{") == "007B"
    with pytest.raises(DataError, match="'heart'"):
        id_of_code_points("heart")


def test_inherited_names_and_the_root_are_no_names(tmp_path: Path) -> None:
    names = {"root": {"1F600": "E10"}, "de": {"1F600": "↑↑↑", "2764": " rotes\n Herz "}}
    assert read_cldr(write_list(tmp_path, names)) == {"de": {"2764": "rotes Herz"}}


def test_a_locale_without_names(tmp_path: Path) -> None:
    package = write_package(tmp_path)
    path = package / "annotations" / "bew" / "annotations.json"
    path.parent.mkdir()
    path.write_text('{"annotations": {"identity": {"language": "bew"}}}', encoding="utf-8")
    assert read_cldr(package) == EXPECTED


def test_entities_are_refused_and_external_files_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "annotations"
    folder.mkdir()
    secret = tmp_path / "secret"
    secret.write_text("secret", encoding="utf-8")
    path = folder / "de.xml"
    for declared in (f'<!ENTITY a SYSTEM "{secret}">', '<!ENTITY a "aaaa">'):
        path.write_text(
            f'<!DOCTYPE ldml [{declared}]><ldml><annotation cp="x" type="tts">&a;</annotation></ldml>',
            encoding="utf-8",
        )
        with pytest.raises(DataError, match="declares the entity 'a'"):
            read_cldr(tmp_path)
    path.write_text(
        f'<!DOCTYPE ldml SYSTEM "{secret}"><ldml><annotation cp="x" type="tts">&a;</annotation></ldml>',
        encoding="utf-8",
    )
    with pytest.raises(DataError, match="no emoji names"):  # an undeclared entity has no text
        read_cldr(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("names.jsonl", '{"id": "1F600", "names": {"de": "a"}}\n{"id": 3}\n', "line 2"),
        ("names.jsonl", '{"id": "1F600", "names": {"de": 3}}', "name 3"),
        ("names.jsonl", "{", "not JSON"),
        ("annotations/de.xml", "<ldml>", "not valid XML"),
        ("annotations/de/annotations.json", '{"other": 1}', "holds no emoji names"),
        ("annotations/de/annotations.json", "[]", "holds no emoji names"),
        ("other.txt", "", "no emoji names in"),
    ],
)
def test_broken_files_are_named(name: str, content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_cldr(tmp_path)


def test_where_the_names_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSLIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("crosslift.sources.cldr.find_names.DEBIAN", tmp_path / "debian")
    assert cldr_place(Path(f"cldr:{tmp_path}")) == tmp_path
    with pytest.raises(DataError, match="crosslift fetch cldr"):
        cldr_place(Path("cldr:"))
    (tmp_path / "debian").mkdir()
    assert cldr_place(Path("cldr:")) == tmp_path / "debian"
    fetched_folder().mkdir(parents=True)
    assert cldr_place(Path("cldr:")) == fetched_folder(), "what was fetched comes first"
    with pytest.raises(DataError, match="no CLDR names at"):
        cldr_place(Path(f"cldr:{tmp_path / 'none'}"))
    with pytest.raises(DataError, match="cldr:PATH"):
        cldr_place(tmp_path)


def test_a_relative_path_of_a_study_is_relative_to_its_folder(tmp_path: Path) -> None:
    text = """
name: small
question: does it read?
starts: {plain: {encoder: {name: embedded}}}
start: plain
arms: {baseline: {}}
targets: [{name: names, data: 'cldr:here'}, {name: pictures, data: 'cldr:'}]
"""
    study = parse_study(text, folder=tmp_path)
    assert [str(t.data) for t in study.targets] == [f"cldr:{tmp_path / 'here'}", "cldr:"]


def concepts(count: int) -> list[Concept]:
    return [
        Concept(f"1F60{i}", f"1F60{i}", Path("x"), {"en": f"face {i}"}, ()) for i in range(count)
    ]


def test_a_name_equal_to_the_english_one_is_no_translation(tmp_path: Path) -> None:
    names = {
        "en": {"1F600": "first face", "1F601": "face 1"},
        "de": {"1F600": "Gesicht 0", "1F601": "FACE 1", "1F602": "Gesicht 2", "1F603": "Gesicht 3"},
        "sw": {"1F600": "First face", "1F601": "uso 1", "1F602": "uso 2"},
        "fr": {"1F600": "First face", "1F601": "visage"},
    }
    translations = read_translations(Path(f"cldr:{write_list(tmp_path, names)}"), concepts(4))
    assert translations.names == {
        "de": {"1F600": "Gesicht 0", "1F602": "Gesicht 2", "1F603": "Gesicht 3"},
        "sw": {"1F601": "uso 1", "1F602": "uso 2"},
    }
    assert list(translations.gaps) == ["fr"]
    assert translations.left_out == {"de": {AS_IN_ENGLISH: 1}, "sw": {AS_IN_ENGLISH: 1}}
    assert translations.gaps["fr"].startswith("names of 1 of 4 concepts")


def write_held_out(folder: Path) -> Path:
    ids = [concept.id for concept in held_out_concepts()]
    english = held_out_concepts()[200].names["en"]
    names = {
        "xh": {code: f"igama {i}" for i, code in enumerate(ids)},
        "de": {code: f"Name {i}" for i, code in enumerate(ids[:200])} | {ids[200]: english},
        "kl": {code: f"ateq {i}" for i, code in enumerate(ids[:199])},
    }
    return write_list(folder, names)


def test_names_and_pictures_measure_the_languages_of_the_source(tmp_path: Path) -> None:
    data = Path(f"cldr:{write_held_out(tmp_path)}")
    names = load_target(TargetSettings(name="names", data=data)).data
    assert isinstance(names, BitextData)
    assert {code: len(b.src) for code, b in names.bitexts.items()} == {"de": 200, "xh": 400}
    assert list(names.gaps) == ["kl"] and names.left_out == {"de": {AS_IN_ENGLISH: 1}}
    assert names.bitexts["xh"].src[7] == "igama 7"
    assert names.bitexts["xh"].tgt[7] == held_out_concepts()[7].names["en"]

    pictures = load_target(TargetSettings(name="pictures", data=data)).data
    assert isinstance(pictures, PictureData)
    assert {c: len(t) for c, t in pictures.texts.items()} == {"de": 200, "xh": 400, "en": 400}
    assert len(pictures.pictures) == 400
    assert list(pictures.gaps) == ["kl"] and pictures.left_out == names.left_out


def test_languages_of_the_source_can_be_asked_for(tmp_path: Path) -> None:
    data = Path(f"cldr:{write_held_out(tmp_path)}")
    settings = TargetSettings(name="pictures", data=data, languages=("xh",))
    pictures = load_target(settings).data
    assert isinstance(pictures, PictureData)
    assert list(pictures.texts) == ["xh"] and not pictures.gaps and not pictures.left_out
    with pytest.raises(UnknownNameError, match="'fr'"):
        load_target(TargetSettings(name="names", data=data, languages=("fr",)))
    with pytest.raises(DataError, match="kl: names of 199 of 400"):
        load_target(TargetSettings(name="names", data=data, languages=("kl",)))


def test_without_data_the_targets_are_as_before() -> None:
    names = load_target(TargetSettings(name="names")).data
    assert isinstance(names, BitextData)
    assert len(names.bitexts) == 13
    assert not names.gaps
