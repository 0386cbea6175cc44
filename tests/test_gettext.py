from __future__ import annotations

import io
import re
import unicodedata
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from crosslift.errors import DataError, UnknownNameError
from crosslift.sources.catalog_files import find_catalogs
from crosslift.sources.catalog_texts import clean_pair, count_words, english_key, item_id
from crosslift.sources.checksums import sha256_of
from crosslift.sources.gettext import Catalogs, half_of, load_catalogs

RUSSIAN = (
    "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && "
    "(n%100<10 || n%100>=20) ? 1 : 2);"
)


def po(*entries: str, language: str = "de", plural: str = "nplurals=2; plural=(n != 1);") -> str:
    header = (
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
        f'"Language: {language}\\n"\n"Plural-Forms: {plural}\\n"\n'
    )
    return "\n".join([header, *entries])


def entry(msgid: str, msgstr: str, before: str = "") -> str:
    return f'{before}msgid "{msgid}"\nmsgstr "{msgstr}"\n'


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def pairs(catalogs: Catalogs, language: str = "de") -> list[tuple[str, str]]:
    bitext = catalogs.bitext(language)
    assert len(bitext.src) == len(bitext.tgt) == len(bitext.items)
    return list(zip(bitext.tgt, bitext.src, strict=True))


@pytest.mark.parametrize(
    ("english", "german", "expected"),
    [
        ("%(name)s was saved.", "%(name)s wurde gesichert.", ("was saved.", "wurde gesichert.")),
        ("Added {name} “{object}”.", "{name} „{object}“ ergänzt.", ("Added.", "ergänzt.")),
        ("%d of %5.1f files (%s)", "%d von %5.1f Dateien (%s)", ("of files", "von Dateien")),
        ("Hello ${user}, {0:>8}!", "Hallo ${user}, {0:>8}!", ("Hello,!", "Hallo,!")),
        ("Copy %1 to %2", "Kopiere %1 nach %2", ("Copy to", "Kopiere nach")),
        ("100%% of it", "100 %% davon", ("100% of it", "100 % davon")),
        ("about 50 percent", "yaklaşık %50", ("about 50 percent", "yaklaşık %50")),
        ("<b>Bold</b> &amp; plain", "<b>Fett</b> &amp; glatt", ("Bold & plain", "Fett & glatt")),
        ("One<br/>two", "Eins<br>zwei", ("One two", "Eins zwei")),
        ("  a\n  b ", "c\t d", ("a b", "c d")),
        ("&File", "&Datei", ("File", "Datei")),
        ("Save &As", "Speichern &unter", ("Save As", "Speichern unter")),
        ("E_xit", "B_eenden", ("Exit", "Beenden")),
        ("_Open", "打开(_O)", ("Open", "打开")),
        ("R&D costs", "R&D Kosten", ("R&D costs", "R&D Kosten")),
        ("the first_name", "der first_name", ("the first_name", "der first_name")),
        ("Empty “{a}.b_c”.", "„{a}.b_c“ leer.", ("Empty “ .b_c”.", "„ .b_c“ leer.")),
        ("is b_c here", "在b_c这里", ("is b_c here", "在b_c这里")),
        ("{a} and {b}.allow", "{a} und {b}.allow", ("and .allow", "und .allow")),
        ("e.g. %s, %s, %s, on", "wie %s, %s, %s, fort", ("e.g., on", "wie, fort")),
        ("%1$s wrote %2$d", "%2$d von %1$s", ("wrote", "von")),
    ],
)
def test_clean_pair(english: str, german: str, expected: tuple[str, str]) -> None:
    assert clean_pair(english, german) == expected


def test_fuzzy_obsolete_untranslated_same_and_short_entries_are_counted(tmp_path: Path) -> None:
    write(
        tmp_path / "de" / "LC_MESSAGES" / "x.po",
        po(
            entry("Good morning", "Guten Morgen"),
            entry("Fuzzy one", "Unscharf", "#, fuzzy\n"),
            entry("Nothing yet", ""),
            entry("Django", "Django"),
            entry("%s a", "%s ein"),
            '#~ msgid "Gone"\n#~ msgstr "Weg"\n',
        ),
    )
    catalogs = load_catalogs(tmp_path)
    assert pairs(catalogs) == [("Good morning", "Guten Morgen")]
    assert catalogs.skipped == {
        "fuzzy": 1,
        "obsolete": 1,
        "untranslated": 1,
        "same as English": 1,
        "too short": 1,
    }


def test_min_characters_and_min_words(tmp_path: Path) -> None:
    text = po(entry("I am", "Ich bin"), entry("This is quite long", "Das ist ziemlich lang"))
    write(tmp_path / "de.po", text)
    assert pairs(load_catalogs(tmp_path, min_characters=4))[0][0] == "This is quite long"
    assert load_catalogs(tmp_path).bitext("de", min_words=4).tgt == ("This is quite long",)


def plural_entry(one: str, many: str, *forms: str) -> str:
    lines = [f'msgid "{one}"', f'msgid_plural "{many}"']
    return "\n".join(lines + [f'msgstr[{i}] "{form}"' for i, form in enumerate(forms)]) + "\n"


def same_half_plural() -> tuple[str, str]:
    for noun in ("file", "book", "page", "word", "user", "day", "house", "tree"):
        one, many = f"%d {noun}", f"%d {noun}s"
        if half_of(item_id(one, None)) == half_of(item_id(many, None)):
            return one, many
    raise LookupError("no noun")


def test_plural_forms_follow_the_rule_of_the_language(tmp_path: Path) -> None:
    one, many = same_half_plural()
    forms = plural_entry(one, many, "%d адин", "%d мало", "%d много")
    write(tmp_path / "ru.po", po(forms, language="ru", plural=RUSSIAN))
    noun = one.split()[1]
    assert pairs(load_catalogs(tmp_path), "ru") == [(noun, "адин"), (noun + "s", "много")]


def test_one_form_for_all_numbers_pairs_with_the_singular_only(tmp_path: Path) -> None:
    one, many = same_half_plural()
    text = po(plural_entry(one, many, "%d 個"), language="ja", plural="nplurals=1; plural=0;")
    write(tmp_path / "ja.po", text)
    catalogs = load_catalogs(tmp_path, min_characters=1)
    assert pairs(catalogs, "ja") == [(one.split()[1], "個")]


def test_more_forms_than_the_header_declares(tmp_path: Path) -> None:
    one, many = same_half_plural()
    text = po(plural_entry(one, many, "%d uno", "%d molti", "%d altri"), language="it")
    write(tmp_path / "it.po", text)
    assert [src for _, src in pairs(load_catalogs(tmp_path), "it")] == ["uno", "molti"]


def test_a_plural_of_the_other_half_is_left_out(tmp_path: Path) -> None:
    nouns = [f"noun{i}" for i in range(40)]
    entries = [plural_entry(f"%d {n}", f"%d {n}s", f"%d ein {n}", f"%d viele {n}") for n in nouns]
    write(tmp_path / "de.po", po(*entries))
    catalogs = load_catalogs(tmp_path)
    halves = {half: set(catalogs.bitext("de", half=half).tgt) for half in ("train", "test")}
    for noun in nouns:
        sides = [half for half, texts in halves.items() if {noun, noun + "s"} & texts]
        assert len(sides) == 1, noun
    kept = sum(map(len, halves.values()))
    assert kept + catalogs.skipped["plural in the other half"] == 80
    assert 0 < catalogs.skipped["plural in the other half"] < 40


def test_context_is_part_of_the_id_and_repeats_go(tmp_path: Path) -> None:
    folder = tmp_path / "locale"
    for app in ("a", "b"):
        write(
            folder / app / "de" / "LC_MESSAGES" / "django.po",
            po(
                entry("May", "Mai"),
                entry("May", "Mai", 'msgctxt "month"\n'),
                entry("May", "darf", 'msgctxt "verb"\n'),
            ),
        )
    catalogs = load_catalogs(folder)
    assert pairs(catalogs) == [("May", "Mai"), ("May", "darf")]
    assert catalogs.skipped == {"repeated": 4}
    assert item_id("May", None) != item_id("May", "verb")
    assert half_of(item_id("May", None)) == half_of(item_id("may!", "verb"))


def test_items_are_the_same_across_languages(tmp_path: Path) -> None:
    write(tmp_path / "de.po", po(entry("Good morning", "Guten Morgen"), entry("Yes", "Ja")))
    write(tmp_path / "fr.po", po(entry("Yes", "Oui"), entry("Good morning", "Bonjour")))
    catalogs = load_catalogs(tmp_path)
    german, french = catalogs.bitext("de"), catalogs.bitext("fr")
    assert dict(zip(german.items, german.tgt, strict=True)) == dict(
        zip(french.items, french.tgt, strict=True)
    )
    assert catalogs.strings("fr") == ["Oui", "Bonjour"]
    assert sorted(catalogs.strings("en")) == ["Good morning", "Yes"]


def mo_bytes(language: str) -> bytes:
    catalog = Catalog(locale=language)
    catalog.add("Good morning", "Buenos días")
    catalog.add("May", "mayo", context="month")
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def test_layouts_and_locale_names(tmp_path: Path) -> None:
    text = po(entry("Good morning", "xx yy"), language="sr@latin")
    write(tmp_path / "pt_BR" / "LC_MESSAGES" / "app.po", text)
    write(tmp_path / "po" / "zh_Hans.po", text)
    write(tmp_path / "domain" / "sr@latin.po", text)
    write(tmp_path / "en_GB" / "LC_MESSAGES" / "app.po", text)
    (tmp_path / "es").mkdir()
    (tmp_path / "es" / "es.mo").write_bytes(mo_bytes("es"))
    assert load_catalogs(tmp_path).languages == ("es", "pt-BR", "sr-Latn", "zh-Hans")
    header_only = write(tmp_path / "messages.po", text)
    assert load_catalogs(header_only).languages == ("sr-Latn",)


def test_compiled_catalogs_and_po_is_preferred(tmp_path: Path) -> None:
    (tmp_path / "es.mo").write_bytes(mo_bytes("es"))
    assert pairs(load_catalogs(tmp_path), "es") == [
        ("Good morning", "Buenos días"),
        ("May", "mayo"),
    ]
    write(tmp_path / "es.po", po(entry("Yes", "Sí"), language="es"))
    assert pairs(load_catalogs(tmp_path), "es") == [("Yes", "Sí")]


def test_bytes_that_are_not_utf8_name_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "de.po").write_bytes(po(entry("Good", "Gut")).encode() + b'# \n# caf\xe9\n"')
    with pytest.raises(DataError, match=r"de\.po, line 10: byte 0xe9 is not UTF-8"):
        load_catalogs(tmp_path).bitext("de")


def test_broken_catalogs_name_file_and_line(tmp_path: Path) -> None:
    path = write(tmp_path / "de.po", po('msgid "a"\nmsgstring "b"\n'))
    line = path.read_text().split("\n").index('msgstring "b"') + 1
    with pytest.raises(DataError, match=rf"de\.po, line {line}: "):
        load_catalogs(tmp_path).bitext("de")
    write(path, po(entry("a", "b"), plural="nplurals=2; plural=(n $ 1);"))
    with pytest.raises(DataError, match=r"plural rule '\(n \$ 1\)'"):
        load_catalogs(tmp_path).bitext("de")


@pytest.mark.parametrize("data", [b"", b"\x00" * 40, mo_bytes("es")[:60]])
def test_broken_compiled_catalog_raises(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "es.mo").write_bytes(data)
    with pytest.raises(DataError, match=r"es\.mo is broken"):
        load_catalogs(tmp_path).bitext("es")


def test_no_catalog_no_language_and_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no gettext catalog"):
        load_catalogs(tmp_path)
    write(tmp_path / "messages.po", po(entry("Yes", "Ja"), language=""))
    with pytest.raises(DataError, match=r"messages\.po does not tell its language"):
        load_catalogs(tmp_path)
    catalogs = load_catalogs(write(tmp_path / "de.po", po(entry("Yes", "Ja"))))
    with pytest.raises(UnknownNameError, match="'fr'"):
        catalogs.bitext("fr")
    with pytest.raises(UnknownNameError, match="'dev'"):
        catalogs.bitext("de", half="dev")  # type: ignore[arg-type]


def test_checksum_follows_content_and_names_not_the_folder(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name / "de.po", po(entry("Yes", "Ja")))
        write(tmp_path / name / "fr.po", po(entry("Yes", "Oui")))
    one, two = load_catalogs(tmp_path / "one"), load_catalogs(tmp_path / "two")
    assert one.checksum() == two.checksum() != one.checksum(["de"])
    before = two.checksum(["de"])
    write(tmp_path / "two" / "fr.po", po(entry("Yes", "Si")))
    changed = load_catalogs(tmp_path / "two")
    assert changed.checksum(["de"]) == before and changed.checksum() != one.checksum()
    files = sorted((tmp_path / "one").iterdir())
    assert sha256_of(files) == sha256_of(reversed(files))


@pytest.fixture(scope="module")
def django() -> Catalogs:
    return load_catalogs()


def test_django_catalogs_are_a_bitext_of_many_languages(django: Catalogs) -> None:
    assert len(django.languages) > 90 and "en" not in django.languages
    assert not [code for code in django.languages if code.startswith("en")]
    codes = ("de", "fr", "ru", "ja", "ar", "zh-Hans")
    assert all(len(django.bitext(code).src) > 600 for code in codes)
    assert all(count_words(text) >= 4 for text in django.bitext("de", min_words=4).tgt)
    assert len(django.bitext("de", half="test", min_words=4).src) >= 100


def normalised(text: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text).casefold())


def test_halves_share_no_english_text_whatever_the_language(django: Catalogs) -> None:
    chosen = ("de", "fr", "ru", "ja", "ar", "zh-Hans", "pt-BR", "tr")
    train = {normalised(t) for c in chosen for t in django.bitext(c, half="train").tgt}
    test = {normalised(t) for c in chosen for t in django.bitext(c, half="test").tgt}
    assert len(train) > 300 and len(test) > 300
    assert not train & test
    for code in chosen:
        whole = django.bitext(code)
        assert len(set(whole.items)) == len(whole.items)
        parts = [len(django.bitext(code, half=h).items) for h in ("train", "test")]
        assert sum(parts) == len(whole.items)


def test_no_placeholder_is_left_in_django_texts(django: Catalogs) -> None:
    left = re.compile(r"%\(|%[sd]|\{\w*\}|</?[a-z]+>|\ufffc")
    for code in ("de", "ja", "ar"):
        bitext = django.bitext(code)
        assert not [text for text in (*bitext.src, *bitext.tgt) if left.search(text)]


def test_english_key_ignores_case_punctuation_and_placeholders() -> None:
    assert english_key("_Save “%(name)s” now!") == english_key("save now") == "savenow"


def test_find_catalogs_is_ordered(tmp_path: Path) -> None:
    for name in ("fr.po", "de.po"):
        write(tmp_path / name, po(entry("Yes", "x y")))
    assert [file.language for file in find_catalogs(tmp_path)] == ["de", "fr"]
