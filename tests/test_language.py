import ast
import re
import string
import tomllib
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import three_mismatches
from three_mismatches.language import LANGUAGES, catalogue, names_of, say, speaking, spoken

SOURCE = Path(three_mismatches.__file__).parent
OTHERS = [lang for lang in LANGUAGES if lang != "en"]
JAPANESE = "[\u3005-\u30ff\u4e00-\u9fff]"


def placeholders(phrase):
    return sorted(field for _, field, *_ in string.Formatter().parse(phrase) if field is not None)


def said_in_the_code():
    """Every phrase that `say` is called with."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say" and node.args:
                found |= {part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)}
    return {text for text in found if isinstance(text, str)}


def test_english_is_spoken_unless_another_language_is_asked_for():
    assert spoken() == "en"
    with speaking("ja"):
        assert say("none") == "なし"
    assert say("none") == "none"


def test_unknown_language_raises():
    with pytest.raises(ValueError, match=r"'fr'.*en, ja"), speaking("fr"):
        pass


def test_values_are_filled_in_as_they_are():
    assert say("up to {value}", value="{x} 100%") == "up to {x} 100%"


@pytest.mark.parametrize("lang", OTHERS)
def test_every_phrase_is_translated_with_its_placeholders(lang):
    pages = catalogue(lang)
    assert sorted(said_in_the_code() - set(pages)) == []
    assert [english for english, other in pages.items() if placeholders(english) != placeholders(other)] == []


@pytest.mark.parametrize("lang", OTHERS)
def test_every_phrase_of_the_catalogues_is_said_and_stands_in_one_file(lang):
    files = [
        tomllib.loads(path.read_text(encoding="utf-8"))
        for path in (SOURCE / "language" / lang).glob("*.toml")
    ]
    counts = Counter(phrase for page in files for phrase in page)
    assert [phrase for phrase, count in counts.items() if count > 1] == []
    assert sorted(set(counts) - said_in_the_code()) == []


@pytest.mark.parametrize(
    "fault",
    [
        rf"{JAPANESE}[,.:;()?!]",
        rf"[,.:;()?!]{JAPANESE}",
        "[\uff61-\uff9f]",
        "\u301c",
        rf"{JAPANESE} [\d{{]|[\d}}] {JAPANESE}",
    ],
    ids=["ascii mark after", "ascii mark before", "halfwidth", "wave dash", "space at a figure"],
)
def test_japanese_is_set_as_japanese(fault):
    assert [said for said in catalogue("ja").values() if re.search(fault, said)] == []


def test_names_are_those_of_the_language():
    table = pd.DataFrame({"name": ["Ishikari", None], "name_ja": ["石狩", " "]}, index=["a", "b"])
    assert names_of(table).tolist() == ["Ishikari", "b"]
    with speaking("ja"):
        assert names_of(table).tolist() == ["石狩", "b"]
