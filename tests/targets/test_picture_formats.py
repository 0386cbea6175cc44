"""Published test sets of captioned pictures, in their published formats."""

from __future__ import annotations

import gzip
import io
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from crosslift.errors import CrossLiftError, DataError
from crosslift.targets.all_targets import find_target
from crosslift.targets.crossmodal import CROSSMODAL
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.kinds.pictures_with_texts import PictureData
from crosslift.targets.target_settings import TargetSettings


def put_pictures(folder: Path, *names: str) -> None:
    """Writes a picture with a different shade under each name."""
    for shade, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = io.BytesIO()
        Image.new("RGB", (3, 2), (40 * shade, 10, 20)).save(data, "PNG")
        path.write_bytes(data.getvalue())


def put(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def put_json(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    put(path, *(json.dumps(row, ensure_ascii=False) for row in rows))


def pictures_of(name: str, data: Path, **settings: Any) -> PictureData:
    loaded = find_target(name).load(TargetSettings(name=name, data=data, **settings))
    assert isinstance(loaded, PictureData)
    return loaded


def bitexts_of(name: str, data: Path, **settings: Any) -> BitextData:
    loaded = find_target(name).load(TargetSettings(name=name, data=data, **settings))
    assert isinstance(loaded, BitextData)
    return loaded


PUBLISHED = {
    "xtd10": ["es", "it", "ja", "en"],
    "crossmodal-3600": list(CROSSMODAL.languages),
    "multi30k": ["en", "de", "fr", "cs"],
    "multi30k-2017": ["en", "de", "fr"],
    "multi30k-2017-coco": ["en", "de", "fr"],
    "multi30k-2018": ["en", "de", "fr", "cs"],
    "xflickr-co": ["en", "de", "zh"],
    "wit": ["en", "da"],
}

COCO = "COCO_val2014_000000129942"
FLICKR = "1007129816"


@pytest.fixture
def xtd10(tmp_path: Path) -> Path:
    """As in the repository: captions in three folders, COCO's pictures in its two."""
    base = tmp_path / "xtd10"
    names = (f"{COCO}.jpg", "COCO_train2014_000000000009.jpg", "COCO_val2014_000000000042.jpg")
    put(base / "XTD10/test_image_names.txt", *names)
    put(base / "XTD10/test_1kcaptions_es.txt", "uno", "dos", "tres")
    put(base / "XTD10/test_1kcaptions_it.txt", "uno", "due", "tre")
    put(base / "STAIR/test_1kcaptions_jp.txt", "いち", "に", "さん")
    put(base / "MIC/test_1kcaptions_en.txt", "one", "two ", "three")
    put_pictures(base / "images", *(f"{n.split('_')[1]}/{n}" for n in names))
    return base


@pytest.fixture
def crossmodal(tmp_path: Path) -> Path:
    """Two pictures in all 36 languages; English has two captions of the first."""
    base = tmp_path / "xm3600"
    codes = ["quz" if code == "qu" else code for code in CROSSMODAL.languages]

    def captions(key: str, code: str) -> dict[str, list[str]]:
        texts = [f"{code} {key} {n}" for n in range(1 + (code == "en" and key == "0a"))]
        return {"caption": texts, "caption/tokenized": [], "caption/tokenized/lowercase": []}

    rows = [
        {"image/key": key, "image/locale": "bn", **{code: captions(key, code) for code in codes}}
        for key in ("0a", "0b")
    ]
    put_json(base / "captions.jsonl", rows)
    put_pictures(base / "images", "0a.jpg", "0b.jpg")
    return base


@pytest.fixture
def multi30k(tmp_path: Path) -> Path:
    """`data/task1` of the repository, with all of its test sets; those of 2016 gzipped."""
    base = tmp_path / "multi30k"
    names = {
        "test_2016_flickr": [f"{FLICKR}.jpg", "1009434119.jpg"],
        "test_2017_flickr": ["10036.jpg", "10082347.jpg"],
        "test_2017_mscoco": [
            f"{COCO}.jpg#407",
            f"{COCO}.jpg#169",
            "COCO_train2014_000000000009.jpg#5",
        ],
        "test_2018_flickr": ["27987_54.jpg", "26038_3f.jpg"],
    }
    for test_set, files in names.items():
        put(base / f"task1/image_splits/{test_set}.txt", *files)
        languages = ("en", "de", "fr") if "2017" in test_set else ("en", "de", "fr", "cs")
        for code in languages:
            lines = "".join(f"{code} {i}\n" for i in range(len(files)))
            path = base / f"task1/raw/{test_set}.{code}"
            path.parent.mkdir(exist_ok=True)
            if "2016" in test_set:
                path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(lines.encode()))
            else:
                path.write_text(lines, encoding="utf-8")
        put_pictures(base / "images", *(file.partition("#")[0] for file in files))
    return base


@pytest.fixture
def xflickr(tmp_path: Path) -> Path:
    """Ids are texts for Flickr30k and numbers for COCO, as published."""
    base = tmp_path / "xFlickrCO"
    for code in ("en", "de", "zh"):
        rows = [
            {"sentences": [f"{code} girls"], "id": FLICKR, "img_path": f"{FLICKR}.jpg"},
            {"sentences": [f"{code} mixer"], "id": 129942, "img_path": f"{COCO}.jpg"},
        ]
        put_json(base / f"annotations/{code}/test.jsonl", rows if code != "de" else rows[::-1])
    put_pictures(base / "flickr30k_images", f"{FLICKR}.jpg")
    put_pictures(base / "val2014", f"{COCO}.jpg")
    return base


def wit_row(number: int, address: str, caption: str, language: str) -> dict[str, Any]:
    return {
        "image_idx": 2 * number,
        "image_url": f"https://upload.wikimedia.org/wikipedia/commons/b/ba/{address}",
        "meta_url": f"http://commons.wikimedia.org/wiki/File:{address}",
        "caption_reference_description": caption,
        "language": language,
        "page_url": f"https://{language}.wikipedia.org/wiki/X",
        "wit_ix": f"wit-test_{number}",
    }


@pytest.fixture
def wit(tmp_path: Path) -> Path:
    """Danish has a picture that English lacks, and one with captions of two pages."""
    base = tmp_path / "wit"
    hall = "R%C3%B8dding_H%C3%B8jskole.jpg"
    put_json(
        base / "annotations/test_da.jsonl",
        [
            wit_row(1, "Gjern01.JPG", "Gjern Kirke", "da"),
            wit_row(2, hall, "Rødding Højskole", "da"),
            wit_row(2, hall, "En højskole", "da"),
        ],
    )
    put_json(
        base / "annotations/test_en.jsonl",
        [wit_row(1, "Gjern01.JPG", "Gjern church", "en"), wit_row(3, "Bohr.jpg", "Bohr", "en")],
    )
    put_pictures(base / "images", "wit-test_1.png", "Rødding_Højskole.jpg", "6.jpg")
    return base


@pytest.fixture
def folders(
    xtd10: Path, crossmodal: Path, multi30k: Path, xflickr: Path, wit: Path
) -> dict[str, Path]:
    sets = {name: multi30k for name in PUBLISHED if name.startswith("multi30k")}
    return sets | {"xtd10": xtd10, "crossmodal-3600": crossmodal, "xflickr-co": xflickr, "wit": wit}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_set_is_read_whole(name: str, folders: dict[str, Path]) -> None:
    languages = PUBLISHED[name]
    data = pictures_of(name, folders[name])
    target = find_target(name)
    assert set(data.texts) == set(languages)
    assert list(data.texts) == [code for code in target.languages or () if code in languages]
    assert set(data.gaps) == set(target.languages or ()) - set(languages)
    assert all(picture.read_bytes()[1:4] == b"PNG" for picture in data.pictures.values())
    for texts_by_item in data.texts.values():
        assert set(texts_by_item) <= set(data.pictures)
        assert data.pool == "language" or set(texts_by_item) == set(data.pictures)
    part = pictures_of(name, folders[name], languages=(languages[-1],))
    assert list(part.texts) == [languages[-1]] and not part.gaps


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name != "wit"])
def test_captions_alone_need_no_picture(name: str, folders: dict[str, Path]) -> None:
    pictures = pictures_of(name, folders[name])
    for path in pictures.pictures.values():
        Path(str(path)).unlink()
    data = bitexts_of(f"{name}-captions", folders[name])
    assert set(data.bitexts) == set(PUBLISHED[name]) - {"en"}
    for code, bitext in data.bitexts.items():
        assert bitext.items == tuple(pictures.texts[code])
        assert bitext.src == tuple(texts[0] for texts in pictures.texts[code].values())
        assert bitext.tgt == tuple(pictures.texts["en"][item][0] for item in bitext.items)
    with pytest.raises(DataError, match="lacks the pictures"):
        pictures_of(name, folders[name])


def test_xtd10_binds_line_by_line(xtd10: Path) -> None:
    data = pictures_of("xtd10", xtd10)
    assert next(iter(data.pictures)) == COCO
    assert data.texts["ja"] == {
        COCO: ("いち",),
        "COCO_train2014_000000000009": ("に",),
        "COCO_val2014_000000000042": ("さん",),
    }
    assert data.texts["en"]["COCO_train2014_000000000009"] == ("two",)
    assert data.gaps["tr"] == "no captions in xtd10"
    put(xtd10 / "XTD10/test_1kcaptions_es.txt", "uno", "dos")
    with pytest.raises(DataError, match=r"es.txt has 2 lines, .*names.txt 3"):
        pictures_of("xtd10", xtd10)
    put(xtd10 / "XTD10/test_1kcaptions_es.txt", "uno", " ", "tres")
    with pytest.raises(DataError, match=r"es.txt, line 2: nothing"):
        bitexts_of("xtd10-captions", xtd10)


def test_missing_languages(xtd10: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no captions in tr\n.*it has captions in en, es, it, ja"):
        pictures_of("xtd10", xtd10, languages=("es", "tr"))
    (xtd10 / "MIC/test_1kcaptions_en.txt").unlink()
    with pytest.raises(DataError, match="no English captions"):
        bitexts_of("xtd10-captions", xtd10)
    assert "en" in pictures_of("xtd10", xtd10).gaps
    with pytest.raises(DataError, match="in no language"):
        pictures_of("multi30k", xtd10)
    with pytest.raises(DataError, match="is not a folder"):
        pictures_of("multi30k", tmp_path / "nowhere")
    with pytest.raises(DataError, match="target 'xtd10' has no data"):
        find_target("xtd10").load(TargetSettings(name="xtd10"))
    with pytest.raises(DataError, match="English captions as the other language"):
        put(xtd10 / "MIC/test_1kcaptions_en.txt", "one", "two", "three")
        bitexts_of("xtd10-captions", xtd10, languages=("es", "en"))


def test_crossmodal_has_several_captions(crossmodal: Path) -> None:
    data = pictures_of("crossmodal-3600", crossmodal)
    assert data.texts["en"]["0a"] == ("en 0a 0", "en 0a 1")
    assert data.texts["qu"] == {"0a": ("quz 0a 0",), "0b": ("quz 0b 0",)}
    assert bitexts_of("crossmodal-3600-captions", crossmodal).bitexts["fil"].tgt == (
        *("en 0a 0", "en 0b 0"),
    )
    assert len(data.distinct_texts()) == 36 * 2 + 1
    rows = [json.loads(line) for line in (crossmodal / "captions.jsonl").open()]
    for change, message in (
        (lambda row: row["de"].update(caption=[]), r"row 2: `caption` of 'de' is \[\]"),
        (lambda row: row.pop("de"), "row 2: no column 'de'"),
        (lambda row: row.update({"image/key": "0a"}), "row 2: image/key '0a' appears above too"),
    ):
        changed = json.loads(json.dumps(rows))
        change(changed[1])
        put_json(crossmodal / "captions.jsonl", changed)
        with pytest.raises(DataError, match=message):
            pictures_of("crossmodal-3600", crossmodal)


def test_the_first_picture_does_not_decide_the_languages(crossmodal: Path) -> None:
    rows = [json.loads(line) for line in (crossmodal / "captions.jsonl").open()]
    del rows[0]["de"]
    put_json(crossmodal / "captions.jsonl", rows)
    with pytest.raises(DataError, match="row 1: no column 'de'"):
        pictures_of("crossmodal-3600", crossmodal)


def test_no_picture_outside_the_folder_is_named(
    xflickr: Path, classes: Path, tmp_path: Path
) -> None:
    put_pictures(tmp_path, "secret.jpg")
    for out in ("../secret.jpg", str(tmp_path / "secret.jpg")):
        put(classes / "pictures.csv", "image,class", f"{out},cat", f"{out},dog")
        with pytest.raises(DataError, match=r"row 2: the file .*secret\.jpg is outside"):
            pictures_of("picture-classes", classes)
        for path in xflickr.rglob("test.jsonl"):
            rows = [json.loads(line) for line in path.open()]
            put_json(path, [{**rows[0], "img_path": out}])
        (tmp_path / "images").mkdir(exist_ok=True)
        with pytest.raises(DataError, match=r"picture 'secret': the file .*secret\.jpg is outside"):
            pictures_of("xflickr-co", xflickr, images=tmp_path / "images")


def test_an_address_that_is_none(wit: Path) -> None:
    row = {**wit_row(1, "A.jpg", "a church", "en"), "image_url": "http://["}
    put_json(wit / "annotations/test_en.jsonl", [row])
    with pytest.raises(DataError, match=r"row 1: 'image_url' is 'http://\['"):
        pictures_of("wit", wit)


def test_a_picture_of_multi30k_may_be_repeated(multi30k: Path) -> None:
    data = pictures_of("multi30k-2017-coco", multi30k)
    assert data.texts["de"] == {
        COCO: ("de 0", "de 1"),
        "COCO_train2014_000000000009": ("de 2",),
    }
    assert list(data.pictures) == list(data.texts["de"])
    inside = pictures_of("multi30k", multi30k / "task1/raw", images=multi30k / "images")
    assert inside.texts == pictures_of("multi30k", multi30k).texts


def test_xflickr_binds_by_picture(xflickr: Path) -> None:
    data = pictures_of("xflickr-co", xflickr)
    assert {code: texts_by_item[COCO] for code, texts_by_item in data.texts.items()} == {
        **{"en": ("en mixer",), "de": ("de mixer",), "zh": ("zh mixer",)},
    }
    assert bitexts_of("xflickr-co-captions", xflickr).bitexts["de"].tgt == ("en mixer", "en girls")
    path = xflickr / "annotations/zh/test.jsonl"
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0], encoding="utf-8")
    with pytest.raises(DataError, match=rf"1 pictures, other languages of 2: '{COCO}'"):
        pictures_of("xflickr-co", xflickr)


def test_wit_has_pictures_for_each_language(wit: Path) -> None:
    data = pictures_of("wit", wit)
    assert data.texts["da"]["wit-test_2"] == ("Rødding Højskole", "En højskole")
    assert set(data.texts["en"]) == {"wit-test_1", "wit-test_3"}
    names = {item: Path(str(path)).name for item, path in data.pictures.items()}
    assert names == {
        "wit-test_1": "wit-test_1.png",
        "wit-test_2": "Rødding_Højskole.jpg",
        "wit-test_3": "6.jpg",
    }
    (wit / "annotations/test_en.jsonl").write_text(
        json.dumps(wit_row(1, "Other.JPG", "Gjern church", "en")), encoding="utf-8"
    )
    with pytest.raises(DataError, match=r"'wit-test_1' is (Other|Gjern01).JPG here"):
        pictures_of("wit", wit)
    put_json(wit / "annotations/test_en.jsonl", [wit_row(9, "A.jpg", "ein Bild", "de")])
    with pytest.raises(DataError, match="a caption in 'de'"):
        pictures_of("wit", wit)


def test_missing_and_doubled_pictures(xtd10: Path, tmp_path: Path) -> None:
    moved = tmp_path / "coco"
    shutil.move(xtd10 / "images", moved)
    with pytest.raises(DataError, match=r"lacks the pictures of 3 of 3 items, such as COCO_val"):
        pictures_of("xtd10", xtd10)
    assert len(pictures_of("xtd10", xtd10, images=moved).pictures) == 3
    with pytest.raises(DataError, match="is not a folder"):
        pictures_of("xtd10", xtd10, images=tmp_path / "nowhere")
    put_pictures(moved / "again", f"{COCO}.jpg")
    with pytest.raises(DataError, match="exists more than once"):
        pictures_of("xtd10", xtd10, images=moved)
    put_pictures(moved, f"{COCO}.jpg")
    assert pictures_of("xtd10", xtd10, images=moved).pictures[COCO] == moved / f"{COCO}.jpg"


def test_the_checksum_is_of_captions_and_pictures(xtd10: Path) -> None:
    first = pictures_of("xtd10", xtd10).checksum
    alone = bitexts_of("xtd10-captions", xtd10).checksum
    path = xtd10 / f"images/val2014/{COCO}.jpg"
    path.write_bytes(path.read_bytes() + b"0")
    second = pictures_of("xtd10", xtd10).checksum
    assert second != first
    assert bitexts_of("xtd10-captions", xtd10).checksum == alone
    put(xtd10 / "XTD10/test_1kcaptions_es.txt", "uno", "dos", "cuatro")
    assert pictures_of("xtd10", xtd10).checksum not in (first, second)
    assert bitexts_of("xtd10-captions", xtd10).checksum != alone


# Your own captioned pictures


def own_table(folder: Path, *rows: str, split: bool = False) -> Path:
    put_pictures(folder, "a.png", "b.png", "c.png")
    path = folder / "captions.tsv"
    put(path, "image\ttext\tlanguage" + ("\tsplit" if split else ""), *rows)
    return path


def test_own_captions_are_items_by_picture(tmp_path: Path) -> None:
    rows = ("a.png\tA cat\ten", "a.png\tOne cat\ten", "a.png\tKatze\tde", "b.png\tA dog\ten")
    table = own_table(tmp_path / "own", *rows, "c.png\tOiseau\tfr")
    data = pictures_of("picture-captions", table)
    assert list(data.texts) == ["en", "de", "fr"]
    first = next(iter(data.pictures))
    assert data.texts["en"][first] == ("A cat", "One cat")
    assert data.texts["de"] == {first: ("Katze",)}
    assert len(data.pictures) == 3
    bitexts = bitexts_of("picture-captions-text", table)
    assert bitexts.bitexts["de"].src == ("Katze",) and bitexts.bitexts["de"].tgt == ("A cat",)
    assert bitexts.gaps == {"fr": "no picture has captions in fr and en"}
    with pytest.raises(DataError, match="no captions in ja"):
        pictures_of("picture-captions", table, languages=("de", "ja"))


def test_own_captions_with_splits(tmp_path: Path) -> None:
    rows = ("a.png\tA cat\ten\ttrain", "b.png\tA dog\ten\ttest", "c.png\tA hen\ten\tdev")
    table = own_table(tmp_path / "own", *rows, split=True)
    assert pictures_of("picture-captions", table).texts["en"] == dict.fromkeys(
        pictures_of("picture-captions", table).pictures, ("A dog",)
    )
    with pytest.raises(DataError, match="English captions alone"):
        bitexts_of("picture-captions-text", table)
    table = own_table(tmp_path / "other", rows[0], rows[2], split=True)
    with pytest.raises(DataError, match="a dev split and no test split"):
        pictures_of("picture-captions", table)


def test_own_columns_and_faults(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    put_pictures(folder, "a.png", "b.png")
    put(folder / "t.csv", "file,said", "a.png,A cat", "b.png,A dog")
    columns = {"image": "file", "text": "said"}
    data = pictures_of("picture-captions", folder / "t.csv", columns=columns)
    assert sorted(data.texts["en"].values()) == [("A cat",), ("A dog",)]
    put(folder / "t.csv", "file,said", "a.png,A cat", "b.png,")
    with pytest.raises(CrossLiftError):
        pictures_of("picture-captions", folder / "t.csv", columns=columns)
    with pytest.raises(DataError, match="has no data"):
        find_target("picture-captions").load(TargetSettings(name="picture-captions"))


# Classes


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    """Two classes with three pictures and one, a third without, in two languages and a half."""
    base = tmp_path / "classes"
    put_pictures(base, "cat/1.png", "cat/2.png", "cat/3.JPG", "dog/1.png")
    put(
        base / "classes.csv",
        "class,en,de,fr",
        "dog,a dog,Hund,chien",
        "cat,cat,Katze,",
        "hen,hen,Henne,poule",
    )
    put(base / "templates.tsv", "language\ttemplate", "en\ta photo of {}.", "en\t{}!")
    return base


def test_classes_of_folders(classes: Path) -> None:
    data = pictures_of("picture-classes", classes)
    assert list(data.pictures) == ["cat/1.png", "dog/1.png", "cat/2.png", "cat/3.JPG"], "in turns"
    assert data.classes == {item: item.partition("/")[0] for item in data.pictures}
    assert data.texts["en"] == {
        "dog": ("a photo of a dog.", "a dog!"),
        "cat": ("a photo of cat.", "cat!"),
        "hen": ("a photo of hen.", "hen!"),
    }
    assert data.texts["de"] == {"dog": ("Hund",), "cat": ("Katze",), "hen": ("Henne",)}
    assert data.gaps == {"fr": "no name of 1 classes, such as cat"}
    with pytest.raises(DataError, match="language fr: no name of 1 classes"):
        pictures_of("picture-classes", classes, languages=("fr",))


def test_classes_of_a_table(classes: Path, tmp_path: Path) -> None:
    put(classes / "pictures.csv", "image,class", "x/1.png,cat", "x/2.png,dog")
    put_pictures(tmp_path / "elsewhere", "x/1.png", "x/2.png")
    data = pictures_of("picture-classes", classes, images=tmp_path / "elsewhere")
    assert data.classes == {"x/1.png": "cat", "x/2.png": "dog"}
    for row, message in (
        ("x/1.png,cow", "no name for the class 'cow'"),
        ("x/3.png,cat", r"row 2: no picture .*x/3.png"),
    ):
        put(classes / "pictures.csv", "image,class", row)
        with pytest.raises(DataError, match=message):
            pictures_of("picture-classes", classes, images=tmp_path / "elsewhere")
    put(classes / "pictures.csv", "image,class", "x/1.png,cat", "x/1.png,dog")
    with pytest.raises(DataError, match=r"row 3: .*x/1.png appears above too"):
        pictures_of("picture-classes", classes, images=tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("path", "lines", "message"),
    [
        ("classes.csv", ("class,en", "cat,cat", "dog,dog", "cat,cat"), "class 'cat' appears above"),
        ("classes.csv", ("class,en", "cat,cat"), "1 classes, 1 languages"),
        ("classes.csv", ("class,qqq", "cat,cat", "dog,dog"), "'qqq', which is the code of no"),
        ("classes.csv", ("class,en", "cat,cat", "hen,hen"), "no name for the class 'dog'"),
        ("classes.tsv", ("class\ten", "cat\tcat"), "classes.csv and classes.tsv"),
        ("templates.tsv", ("language\ttemplate", "en\ta photo"), "template 'a photo'"),
        ("cat/notes.txt", ("cats",), "notes.txt is among the pictures of the class 'cat'"),
    ],
)
def test_faults_of_classes(classes: Path, path: str, lines: tuple[str, ...], message: str) -> None:
    put(classes / path, *lines)
    with pytest.raises(DataError, match=message):
        pictures_of("picture-classes", classes)


def test_a_folder_without_classes(classes: Path) -> None:
    (classes / "hen").mkdir()
    with pytest.raises(DataError, match="hen is empty"):
        pictures_of("picture-classes", classes)
    (classes / "classes.csv").unlink()
    with pytest.raises(DataError, match=r"no classes.csv or classes.tsv"):
        pictures_of("picture-classes", classes)
