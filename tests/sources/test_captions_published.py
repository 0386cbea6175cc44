"""COCO, Karpathy's splits, Flickr30k and Flickr8k, in the forms in which they are published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from caption_samples import ids_and_texts, picture, put, write

from crosslift.errors import DataError
from crosslift.sources.captions import checksum_of, format_of, read_captions


def coco_object(names: dict[int, str], captions: list[tuple[int, str]]) -> dict[str, Any]:
    return {
        "info": {"description": "COCO 2017 Dataset", "version": "1.0", "year": 2017},
        "licenses": [{"url": "http://example.org", "id": 3, "name": "x"}],
        "images": [
            {
                "license": 3,
                "file_name": name,
                "coco_url": f"http://images.cocodataset.org/train2017/{name}",
                "height": 2,
                "width": 2,
                "date_captured": "2013-11-14 11:18:45",
                "flickr_url": "http://example.org/x.jpg",
                "id": number,
            }
            for number, name in names.items()
        ],
        "annotations": [
            {"image_id": image, "id": number, "caption": text}
            for number, (image, text) in enumerate(captions, start=37)
        ],
    }


def coco(folder: Path) -> Path:
    put(folder / "train2017", "000000000009.jpg", "000000000025.jpg")
    put(folder / "val2017", "000000000139.jpg")
    train = coco_object(
        {25: "000000000025.jpg", 9: "000000000009.jpg"},
        [(9, "Closeup of bins of food.\n"), (25, "A giraffe."), (9, "Bins."), (9, "Bins.")],
    )
    val = coco_object({139: "000000000139.jpg"}, [(139, "A woman in a dining room.")])
    write(folder / "annotations/captions_train2017.json", json.dumps(train))
    write(folder / "annotations/captions_val2017.json", json.dumps(val))
    write(folder / "annotations/instances_val2017.json", json.dumps({"images": []}))
    return folder


def test_coco_from_its_folder_and_from_a_file(tmp_path: Path) -> None:
    folder = coco(tmp_path)
    train_file = folder / "annotations/captions_train2017.json"
    expected = [
        ("25#0", "A giraffe."),
        ("9#0", "Closeup of bins of food."),
        ("9#1", "Bins."),
        ("9#2", "Bins."),  # two people wrote the same: it counts
    ]
    for data in (folder, folder / "annotations", train_file):
        captions = read_captions(data, "train")
        assert ids_and_texts(captions.records) == expected
        assert captions.skipped == {}
        assert format_of(data) == "coco"
    assert {r.group for r in captions.records} == {"25", "9"}
    assert captions.records[1].image == folder / "train2017/000000000009.jpg"
    assert ids_and_texts(read_captions(folder, "dev").records) == [
        ("139#0", "A woman in a dining room.")
    ]
    assert read_captions(folder, "test").records == []
    with pytest.raises(DataError, match="no train caption; there are 1 of dev"):
        read_captions(folder / "annotations/captions_val2017.json", "train")


def test_coco_of_two_years_must_be_named(tmp_path: Path) -> None:
    folder = coco(tmp_path)
    old = coco_object({9: "COCO_train2014_000000000009.jpg"}, [(9, "Bins.")])
    path = write(folder / "annotations/captions_train2014.json", json.dumps(old))
    put(folder / "images/train2014", "COCO_train2014_000000000009.jpg")
    with pytest.raises(DataError, match=r"several places: .*captions_train2014\.json"):
        read_captions(folder, "train")
    assert ids_and_texts(read_captions(path, "train").records) == [("9#0", "Bins.")]
    with pytest.raises(DataError, match="fixed columns, but text was bound"):
        read_captions(path, "train", {"text": "caption"})


def test_coco_at_fault(tmp_path: Path) -> None:
    path = tmp_path / "captions_train2017.json"

    def fails(value: object, message: str) -> None:
        write(path, value if isinstance(value, str) else json.dumps(value))
        with pytest.raises(DataError, match=message):
            read_captions(path, "train")

    names = {1: "1.jpg"}
    fails(coco_object(names, [(1, "x")]), r"no folder near .* holds its pictures, such as 1\.jpg")
    put(tmp_path, "1.jpg", "2.jpg")
    fails(coco_object(names, [(2, "x")]), "annotation 1: image_id 2 is not an id of the images")
    fails({"images": [{"id": 1, "file_name": "1.jpg"}]}, "no column 'annotations'")
    fails({"images": {}, "annotations": []}, "'images' holds {}")
    fails({"images": [], "annotations": []}, "no image")
    double = coco_object(names, [(1, "x")])
    double["images"] *= 2
    fails(double, "two images have one id")
    boxes = coco_object(names, [(1, "x")])
    del boxes["annotations"][0]["caption"]
    fails(boxes, "annotation 1: no column 'caption'")
    fails('{"info": 1', "not JSON")
    fails(
        coco_object({1: "1.jpg", 3: "3.jpg"}, [(1, "x"), (3, "y")]), r"image 2: no picture .*3\.jpg"
    )


@pytest.mark.parametrize("out", ["../secret.jpg", "ROOT/secret.jpg"])
def test_published_lists_name_no_picture_outside_their_folder(tmp_path: Path, out: str) -> None:
    put(tmp_path, "secret.jpg", "data/1.jpg")
    out = out.replace("ROOT", str(tmp_path))
    folder = tmp_path / "data"
    coco = coco_object({1: "1.jpg", 2: out}, [(1, "x"), (2, "y")])
    karpathy = {"images": [karpathy_image("1.jpg", "train", "x")]}
    karpathy["images"].append(karpathy_image(out, "train", "y"))
    tokens = f"1.jpg#0\tx\n{out}#0\ty\n"
    for name, text, place in (
        ("captions_train2017.json", json.dumps(coco), "image 2"),
        ("dataset_coco.json", json.dumps(karpathy), "image 2"),
        ("results_20130124.token", tokens, "row 2"),
    ):
        path = write(folder / name, text)
        with pytest.raises(DataError, match=rf"{place}: the file .*secret\.jpg is outside"):
            read_captions(path, "train")


def test_numbers_of_captions_that_no_file_has(tmp_path: Path) -> None:
    put(tmp_path, "1.jpg")
    many = "9" * 5000
    for name, text in (
        ("results_20130124.token", f"1.jpg#0\tx\n1.jpg#{many}\ty\n"),
        ("results.csv", f"image_name| comment_number| comment\n1.jpg| {many}| y\n"),
        ("captions.txt", f"image_name,comment_number,comment\n1.jpg,{many},y\n"),
    ):
        with pytest.raises(DataError, match=r"row 2: "):
            read_captions(write(tmp_path / name, text), "train")


def karpathy_image(name: str, split: str, *raw: str, **more: object) -> dict[str, Any]:
    sentences = [
        {"tokens": text.lower().split(), "raw": text, "imgid": 0, "sentid": number}
        for number, text in enumerate(raw)
    ]
    whole = {"sentids": [*range(len(raw))], "imgid": 0, "sentences": sentences, "split": split}
    return {**whole, "filename": name, **more}


def test_karpathys_coco_has_folders_and_restval(tmp_path: Path) -> None:
    train, val = "COCO_train2014_000000000001.jpg", "COCO_val2014_000000000002.jpg"
    other = "COCO_val2014_000000000003.jpg"
    images = [
        karpathy_image(train, "train", "One.", filepath="train2014", cocoid=1),
        karpathy_image(val, "restval", "Two.", "Zwei.", filepath="val2014", cocoid=2),
        karpathy_image(other, "val", "Three.", filepath="val2014", cocoid=3),
    ]
    path = write(tmp_path / "dataset_coco.json", json.dumps({"images": images, "dataset": "coco"}))
    put(tmp_path / "train2014", train)
    put(tmp_path / "val2014", val, other)
    captions = read_captions(path, "train").records
    assert ids_and_texts(captions) == [("1#0", "One."), ("2#0", "Two."), ("2#1", "Zwei.")]
    assert captions[1].image == tmp_path / "val2014" / val
    assert ids_and_texts(read_captions(tmp_path, "dev").records) == [("3#0", "Three.")]
    assert read_captions(tmp_path, "test").records == []
    assert format_of(tmp_path) == "karpathy"


def test_karpathys_flickr_has_one_folder(tmp_path: Path) -> None:
    images = [
        karpathy_image("1000092795.jpg", "train", "Two young guys ."),
        karpathy_image("10002456.jpg", "test", "Several men ."),
    ]
    folder = tmp_path / "caption_datasets"
    path = write(folder / "dataset_flickr30k.json", json.dumps({"images": images, "dataset": "f"}))
    with pytest.raises(DataError, match=r"holds its pictures, such as 1000092795\.jpg"):
        read_captions(path, "train")
    put(tmp_path / "flickr30k-images", "1000092795.jpg", "10002456.jpg")
    (record,) = read_captions(path, "train").records
    assert record.id == "1000092795.jpg#0"
    assert record.image == tmp_path / "flickr30k-images/1000092795.jpg"
    assert ids_and_texts(read_captions(folder, "test").records) == [
        ("10002456.jpg#0", "Several men .")
    ]


TOKENS = (
    "1000092795.jpg#0\tTwo young guys look at their hands .\n"
    "1000092795.jpg#1\tTwo young , White males .\n"
    "10002456.jpg#0\tSeveral men in hard hats .\n"
)


def test_flickr30k_as_its_authors_publish_it(tmp_path: Path) -> None:
    path = write(tmp_path / "results_20130124.token", TOKENS)
    put(tmp_path / "flickr30k-images", "1000092795.jpg", "10002456.jpg")
    write(tmp_path / "flickr30k-images.tar", "the archive of the pictures may lie there still")
    for data in (path, tmp_path):
        captions = read_captions(data, "train").records
        assert [record.id for record in captions] == [
            "1000092795.jpg#0",
            "1000092795.jpg#1",
            "10002456.jpg#0",
        ]
        assert format_of(data) == "flickr"
    assert captions[1].texts["text"] == "Two young , White males ."
    assert captions[0].group == captions[1].group == "1000092795.jpg"
    path.write_text(TOKENS + "10002456.jpg#0\tagain\n")
    with pytest.raises(DataError, match=r"row 4: the caption 10002456\.jpg#0 appears twice"):
        read_captions(path, "train")
    path.write_text(TOKENS + "10002456.jpg Several\n")
    with pytest.raises(DataError, match=r"token, row 4: '10002456\.jpg Several'"):
        read_captions(path, "train")


def test_flickr30k_as_kaggle_has_it(tmp_path: Path) -> None:
    path = write(
        tmp_path / "flickr30k_images/results.csv",
        "image_name| comment_number| comment\n"
        '2199200615.jpg| 3| A dog runs , "fast" .\n'
        "2199200615.jpg| 4   A dog runs across the grass .\n"
        "2199200620.jpg| 0| A man .\n",
    )
    put(tmp_path / "flickr30k_images/flickr30k_images", "2199200615.jpg", "2199200620.jpg")
    assert ids_and_texts(read_captions(path.parent, "train").records) == [
        ("2199200615.jpg#3", 'A dog runs , "fast" .'),
        ("2199200615.jpg#4", "A dog runs across the grass ."),
        ("2199200620.jpg#0", "A man ."),
    ]
    path.write_text("image_name| comment_number| comment\n1.jpg| 1   No bar .\n")
    with pytest.raises(DataError, match=r"results\.csv, row 2: '1\.jpg\| 1   No bar \.'"):
        read_captions(path, "train")


FLICKR8K = (
    "a.jpg#0\tOne .\na.jpg#1\tTwo .\nb.jpg#0\tThree .\nc.jpg#0\tFour .\nd.jpg#0\tFive .\n"
    "2258277193_586949ec62.jpg.1#0\tOf no picture .\n"
)


def flickr8k(folder: Path) -> Path:
    write(folder / "Flickr8k_text/Flickr8k.token.txt", FLICKR8K)
    put(folder / "Flickr8k_Dataset/Flicker8k_Dataset", "a.jpg", "b.jpg", "c.jpg", "d.jpg")
    return folder


def test_flickr8k_with_and_without_its_lists(tmp_path: Path) -> None:
    folder = flickr8k(tmp_path)
    captions = read_captions(folder, "train")
    assert len(captions.records) == 5
    assert captions.skipped == {"picture that was never published": 1}
    before = checksum_of(folder)
    for split, name in (("train", "a.jpg"), ("dev", "b.jpg"), ("test", "c.jpg")):
        write(folder / f"Flickr8k_text/Flickr_8k.{split}Images.txt", f"{name}\n")
    assert checksum_of(folder) != before
    captions = read_captions(folder, "train")
    assert ids_and_texts(captions.records) == [("a.jpg#0", "One ."), ("a.jpg#1", "Two .")]
    assert captions.skipped == {"in no split": 2}
    assert ids_and_texts(read_captions(folder, "dev").records) == [("b.jpg#0", "Three .")]
    assert ids_and_texts(read_captions(folder, "test").records) == [("c.jpg#0", "Four .")]
    write(folder / "Flickr8k_text/Flickr_8k.devImages.txt", "b.jpg\na.jpg\n")
    with pytest.raises(DataError, match=r"row 2: a\.jpg is in the list of train too"):
        read_captions(folder, "train")


def test_flickr8k_as_kaggle_has_it(tmp_path: Path) -> None:
    write(tmp_path / "captions.txt", 'image,caption\na.jpg,One .\na.jpg,"Two , ""so"" ."\n')
    put(tmp_path / "Images", "a.jpg")
    captions = read_captions(tmp_path, "train").records
    assert ids_and_texts(captions) == [("a.jpg#0", "One ."), ("a.jpg#1", 'Two , "so" .')]
    assert captions[0].image is not None
    assert captions[0].image.read_bytes() == picture(0)


def test_two_lists_in_one_folder_must_be_named(tmp_path: Path) -> None:
    folder = flickr8k(tmp_path)
    images = [karpathy_image("a.jpg", "train", "One .")]
    write(folder / "dataset_flickr8k.json", json.dumps({"images": images, "dataset": "flickr8k"}))
    with pytest.raises(DataError, match=r"several places: flickr .*karpathy"):
        read_captions(folder, "train")
