"""What errors list."""

from __future__ import annotations

from crosslift.errors import UnknownNameError, legal_names

MANY = [f"name-{number:03}" for number in range(80)]


def test_few_names_are_all_listed() -> None:
    assert legal_names("x", ["de", "fr"], "crosslift targets") == "de, fr"
    assert str(UnknownNameError("arm", "imag", ["text", "image"])) == (
        "unknown arm 'imag'\nExpected: one of image, text\nNext: did you mean 'image'?"
    )


def test_of_many_the_nearest_are_listed_and_where_all_are() -> None:
    error = str(UnknownNameError("target", "name-0l7", MANY, "crosslift targets"))
    assert "Expected: one of 80 names, the nearest: name-0" in error
    assert "(`crosslift targets` lists all)" in error
    assert error.count("name-0") < 12
    assert "name-001" not in error


def test_where_none_is_near_the_first_are_examples() -> None:
    assert legal_names("zzz", MANY) == f"80 names, such as {', '.join(MANY[:5])}"
