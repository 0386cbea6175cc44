from __future__ import annotations

import io
import re
import unicodedata
from pathlib import Path
from struct import pack

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from crosslift.errors import DataError, UnknownNameError
from crosslift.sources.catalog_files import find_catalogs
from crosslift.sources.catalog_texts import clean_pair, count_words, english_key, item_id
from crosslift.sources.checksums import sha256_of
from crosslift.sources.gettext_catalogs import Catalogs, half_of, load_catalogs
from crosslift.targets.gettext import GETTEXT
from crosslift.targets.kinds.bitexts import BitextData
from crosslift.targets.target_settings import TargetSettings

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
    count = sum(map(len, halves.values()))
    assert count + catalogs.skipped["plural in the other half"] == 80
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
    write(tmp_path / "po" / "zh_Hans.po", po(entry("Good morning", "xx yy"), language="zh"))
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
    with pytest.raises(DataError, match=r"messages\.po does not name its language"):
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
    languages = ("de", "fr", "ru", "ja", "ar", "zh-Hans", "pt-BR", "tr")
    train = {normalised(t) for c in languages for t in django.bitext(c, half="train").tgt}
    test = {normalised(t) for c in languages for t in django.bitext(c, half="test").tgt}
    assert len(train) > 300 and len(test) > 300
    assert not train & test
    for code in languages:
        whole = django.bitext(code)
        assert len(set(whole.items)) == len(whole.items)
        parts = [len(django.bitext(code, half=h).items) for h in ("train", "test")]
        assert sum(parts) == len(whole.items)


def test_no_placeholder_is_left_in_django_texts(django: Catalogs) -> None:
    remains = re.compile(r"%\(|%[sd]|\{\w*\}|</?[a-z]+>|\ufffc")
    for code in ("de", "ja", "ar"):
        bitext = django.bitext(code)
        assert not [text for text in (*bitext.src, *bitext.tgt) if remains.search(text)]


def test_english_key_ignores_case_punctuation_and_placeholders() -> None:
    assert english_key("_Save “%(name)s” now!") == english_key("save now") == "savenow"


def test_find_catalogs_is_ordered(tmp_path: Path) -> None:
    for name in ("fr.po", "de.po"):
        write(tmp_path / name, po(entry("Yes", "x y")))
    assert [file.language for file in find_catalogs(tmp_path).files] == ["de", "fr"]


DATES = (
    "2020-10-28T18:25:17.432Z",
    "2021-03-02 11:00+02:00",
    "YEAR-MO-DA HO:MI+ZONE",
    "0000-99-99",
    "",
)


@pytest.mark.parametrize("date", DATES)
def test_dates_do_not_matter(tmp_path: Path, date: str) -> None:
    dates = f'"POT-Creation-Date: {date}\\n"\n"PO-Revision-Date: {date}\\n"\n'
    text = po(entry("Good morning", "Guten Morgen"))
    write(tmp_path / "de.po", text.replace('msgstr ""\n', 'msgstr ""\n' + dates, 1))
    assert pairs(load_catalogs(tmp_path)) == [("Good morning", "Guten Morgen")]
    one = f"Content-Type: text/plain; charset=UTF-8\nPO-Revision-Date: {date}\nLanguage: fr\n".encode()
    write_raw_mo(tmp_path / "x.mo", (b"", one), (b"Good morning", "Bonjour à tous".encode()))
    assert pairs(load_catalogs(tmp_path / "x.mo"), "fr") == [("Good morning", "Bonjour à tous")]


def write_raw_mo(path: Path, *strings: tuple[bytes, bytes]) -> Path:
    """A compiled catalog with its strings in the order given."""
    count = len(strings)
    texts = [text for side in zip(*strings, strict=True) for text in side]
    places = [28 + 16 * count + sum(len(t) + 1 for t in texts[:i]) for i in range(len(texts))]
    table = b"".join(pack("<2I", len(t), p) for t, p in zip(texts, places, strict=True))
    head = pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 28 + 16 * count)
    path.write_bytes(head + table + b"\0".join(texts) + b"\0")
    return path


@pytest.mark.parametrize("plural", ["nplurals=INTEGER; plural=EXPRESSION;", "", "none"])
@pytest.mark.parametrize(
    ("language", "forms", "expected"),
    [
        ("fr", ("un", "plusieurs"), ["un", "plusieurs"]),  # CLDR has three, for millions
        ("pt_BR", ("um", "vários"), ["um", "vários"]),
        ("de", ("eins", "viele"), ["eins", "viele"]),
        ("ru", ("адин", "мало", "много"), ["адин", "много"]),
        ("ar", ("صفر", "واحد", "اثنان", "قليل", "كثير", "اخر"), ["واحد", "قليل"]),
        ("tlh", ("wa", "law"), ["wa", "law"]),
    ],
)
def test_plurals_without_a_rule_in_the_header(
    tmp_path: Path, plural: str, language: str, forms: tuple[str, ...], expected: list[str]
) -> None:
    one, many = same_half_plural()
    write(
        tmp_path / f"{language}.po",
        po(plural_entry(one, many, *forms), language=language, plural=plural),
    )
    catalogs = load_catalogs(tmp_path, min_characters=1)
    assert [src for _, src in pairs(catalogs, catalogs.languages[0])] == expected


@pytest.mark.parametrize(
    ("charset", "text"),
    [("ISO-8859-1", "Fenêtre fermée"), ("KOI8-R", "Открыть файл"), ("GB18030", "打开文件")],
)
def test_the_encoding_of_the_header_is_read(tmp_path: Path, charset: str, text: str) -> None:
    whole = po(entry("Open the file", text)).replace("UTF-8", charset)
    (tmp_path / "de.po").write_bytes(whole.encode(charset))
    assert pairs(load_catalogs(tmp_path)) == [("Open the file", text)]
    (tmp_path / "de.po").write_bytes(whole.encode())
    assert pairs(load_catalogs(tmp_path)) == [("Open the file", text)]
    (tmp_path / "de.po").write_bytes(whole.replace(charset, "no-such-code").encode(charset))
    with pytest.raises(DataError, match="is not UTF-8, and the file is not no-such-code"):
        load_catalogs(tmp_path).bitext("de")


def test_line_ends_of_old_macs_are_read(tmp_path: Path) -> None:
    text = po(entry("Good morning", "Guten Morgen"), entry("Yes", "Ja"))
    (tmp_path / "de.po").write_bytes(text.replace("\n", "\r").encode())
    assert pairs(load_catalogs(tmp_path)) == [("Good morning", "Guten Morgen"), ("Yes", "Ja")]


@pytest.mark.parametrize(
    ("name", "header", "language"),
    [
        ("first_steps.fr", "", "fr"),
        ("ast.fr", "", "fr"),
        ("plugin-pt_BR", "", "pt-BR"),
        ("de_DE.UTF-8", "", "de-DE"),
        ("ast", "fr", "fr"),
        ("io", "pt_BR", "pt-BR"),
        ("pt_BR", "pt", "pt-BR"),
        ("nb", "no", "nb"),
        ("he", "iw_IL", "he"),
        ("de", "", "de"),
        ("de", "LANGUAGE", "de"),
        ("messages", "sr@latin", "sr-Latn"),
    ],
)
def test_the_language_of_a_file(tmp_path: Path, name: str, header: str, language: str) -> None:
    write(tmp_path / f"{name}.po", po(entry("Yes", "x y"), language=header))
    catalogs = find_catalogs(tmp_path)
    assert [file.language for file in catalogs.files] == [language]
    assert bool(catalogs.notes) is (name in ("ast", "io"))


def test_an_entry_that_a_file_holds_twice_is_counted(tmp_path: Path) -> None:
    again = entry("Good morning", "Guten Tag")
    other = entry("Good morning", "Morgen", 'msgctxt "short"\n')
    write(tmp_path / "de.po", po(entry("Good morning", "Guten Morgen"), again, other))
    catalogs = load_catalogs(tmp_path)
    assert pairs(catalogs) == [("Good morning", "Guten Morgen"), ("Good morning", "Morgen")]
    assert catalogs.skipped == {"repeated": 1}


def test_texts_of_hostile_length_are_counted(tmp_path: Path) -> None:
    long = entry("Good morning", "{{" * 500_000)
    write(tmp_path / "de.po", po(long, entry("Yes", "Ja"), entry("{{" * 500_000, "Ja")))
    catalogs = load_catalogs(tmp_path)
    assert pairs(catalogs) == [("Yes", "Ja")] and catalogs.skipped == {"too long": 2}


def test_names_count_where_files_beside_agree(tmp_path: Path) -> None:
    for name, header in (("de", "de"), ("pt_BR", "pt_BR"), ("sk", "cs")):
        write(tmp_path / "po" / f"{name}.po", po(entry("Yes", "x y"), language=header))
    for name in ("argparse", "ast", "cmd", "os", "fr", "zlib"):
        write(tmp_path / "library" / f"{name}.po", po(entry("Yes", "x y"), language="fr"))
    catalogs = find_catalogs(tmp_path)
    assert [f.language for f in catalogs.files] == ["fr"] * 6 + ["de", "pt-BR", "sk"]
    assert set(catalogs.notes) == {"fr", "sk"}
    assert f"{tmp_path}/po/sk.po: its name says sk, its header cs" in catalogs.notes["sk"]


def test_one_odd_file_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    write(tmp_path / "de.po", po(entry("Yes, please", "Ja, bitte")))
    write(tmp_path / "messages.po", po(entry("Yes", "Ja"), language=""))
    write(tmp_path / "en_GB.po", po(entry("color", "colour"), language="en_GB"))
    write(tmp_path / "more" / "de.po", 'msgid "open\n')
    write(tmp_path / "fr.po", 'msgid "a"\nmsgstring "b"\n')
    catalogs = load_catalogs(tmp_path)
    assert pairs(catalogs) == [("Yes, please", "Ja, bitte")]
    assert catalogs.unread == {
        str(tmp_path / "messages.po"): f"{tmp_path}/messages.po does not name its language",
        str(tmp_path / "en_GB.po"): "its language is English",
        str(tmp_path / "more" / "de.po"): f"{tmp_path}/more/de.po, line 1: no quote ends '\"open'",
    }
    with pytest.raises(DataError, match=r"fr\.po, line 2: Unknown or misformatted keyword"):
        catalogs.bitext("fr")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ('msgid "a\nmsgstr "b"\n', "no quote ends"),
        ('msgid "a"\nmsgstr "b\\"\n', "no quote ends"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr[99999999] "c"\n', "plural form '99999999'"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr[-1] "c"\n', "plural form '-1'"),
        ('msgid "a"\nmsgid_plural "b"\nmsgstr[x] "c"\n', "plural form 'x'"),
        ("<<<<<<< HEAD\n", "Unknown or misformatted keyword"),
    ],
)
def test_entries_that_babel_would_cut_or_choke_on(tmp_path: Path, bad: str, message: str) -> None:
    write(tmp_path / "de.po", po(bad))
    with pytest.raises(DataError, match=re.escape(message)):
        load_catalogs(tmp_path).bitext("de")


@pytest.mark.parametrize("rule", ["(n / 0)", "(" * 90 + "n" + ")" * 90, "9" * 900, "n" * 2000])
def test_plural_rules_at_fault(tmp_path: Path, rule: str) -> None:
    text = po(plural_entry("one", "many", "eins", "viele"), plural=f"nplurals=2; plural={rule};")
    write(tmp_path / "de.po", text)
    try:
        assert load_catalogs(tmp_path).bitext("de").src
    except DataError as error:
        assert "the plural rule" in str(error) and len(str(error)) < 600


def test_the_target_names_what_it_does_not_measure(tmp_path: Path) -> None:
    numbers = ("one", "two", "three", "four", "five", "six", "seven", "eight")
    texts = [f"say {a} and {b}" for a in numbers for b in numbers]
    entries = [entry(text, text.replace("say", "sage")) for text in texts]
    write(tmp_path / "de.po", po(*entries, entry("Yes", "Ja"), entry("Never mind it", "")))
    write(tmp_path / "fr.po", po('msgid "a"\n'))
    write(tmp_path / "messages.po", po(entry("Yes", "Ja"), language=""))
    data = GETTEXT.load(TargetSettings(name="gettext", catalogs=tmp_path))
    assert isinstance(data, BitextData) and len(data.bitexts["de"].src) == 64
    assert list(data.gaps) == ["fr"] and "missing msgstr" in data.gaps["fr"]
    assert data.left_out == {"de": {"untranslated": 1, "of fewer than 3 words": 1}}
    assert list(data.unread) == [str(tmp_path / "messages.po")]
    with pytest.raises(DataError, match="missing msgstr"):
        GETTEXT.load(TargetSettings(name="gettext", catalogs=tmp_path, languages=("de", "fr")))
