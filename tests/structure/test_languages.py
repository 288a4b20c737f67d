"""Everything that a person reads is a message, and every message is translated: sources, catalogue and compiled catalogue agree."""

import re
import subprocess
import sys
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
from tools import messages

from convproof.core.derivation.node import ARITHMETIC
from convproof.core.languages import DOMAIN, FOLDER, catalogue, language, speaking, translated
from convproof.core.sentence import Sentence, either, listed, plural, say
from convproof.explaining.compare import KINDS

ROOT = Path(__file__).parents[2]
PO = messages.catalogue()
TRANSLATED = [message for message in PO if message.id and message.id not in messages.untranslated(PO)]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
WORD = re.compile(r"[A-Za-z]{2,}")


def ids(catalogue):
    return {message.id for message in catalogue if message.id}


def forms(message):
    """Pairs of an English form and the translation that takes its place; a plural's last form stands for all."""
    if isinstance(message.id, tuple):
        return [(message.id[-1], form) for form in message.string]
    return [(message.id, message.string)]


def test_every_message_of_the_sources_has_a_translation():
    new = messages.updated(messages.catalogue())
    missing = messages.untranslated(new)
    assert not missing, "run python tools/messages.py and translate:\n" + "\n".join(map(str, missing))


def test_no_translation_is_left_of_a_message_that_is_gone():
    assert ids(PO) - {message.id for message in messages.messages()} == set()
    assert not PO.obsolete
    assert "#~" not in messages.PO.read_text("utf-8")


def test_the_compiled_catalogue_is_that_of_the_text():
    with messages.MO.open("rb") as stream:
        found = GNUTranslations(stream)
    assert found._catalog == GNUTranslations(BytesIO(messages.compiled(PO)))._catalog


@pytest.mark.parametrize("message", TRANSLATED, ids=lambda message: str(message.id)[:60])
def test_a_translation_keeps_every_field(message):
    for english, chinese in forms(message):
        assert messages.fields(chinese) == messages.fields(english)
        if "%(" not in english:
            assert sorted(f for _, f, _, _ in Formatter().parse(chinese) if f) == sorted(
                f for _, f, _, _ in Formatter().parse(english) if f
            )


def test_a_translation_is_chinese_with_chinese_punctuation():
    for message in TRANSLATED:
        for english, chinese in forms(message):
            plain = messages.FIELD.sub("", english)
            if english != chinese and WORD.search(plain) and not re.fullmatch(r"\{.*|Choice.*", english):
                assert CHINESE.search(chinese), chinese
            assert not re.search(r"[\u4e00-\u9fff][,;:?!](?!\w)", chinese), chinese
            assert english.startswith(" ") or chinese.strip() == chinese, chinese


def test_whatever_is_shown_can_be_extracted():
    assert messages.unreadable() == []


def test_what_the_extraction_finds():
    source = ROOT / "src" / "convproof"
    found = {message.id for message in messages.of_source(source / "cli" / "why.py")}
    assert "Show how one number came to be, by hand and exactly." in found, "a paragraph of a command's help"
    assert "Show every term of long sums." in found, "help of an option"
    assert "--at and --max both choose a cell: give one of them." in found, "a usage error"
    assert "your {verdict}" in found, "say()"
    assert not any("convproof why" in str(message) for message in found), "examples to paste stay as they are"
    assert ("{n} input", "{n} inputs") in {m.id for m in messages.of_source(source / "core" / "layer.py")}, "plural()"
    assert "take the variance with unbiased=False in torch, with ddof=0 in NumPy" in ids(PO), "what a Mistake says"
    assert "one number by hand: 72 + 18 + 18 + 1 = 109" in ids(PO), "what stands behind an example"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("say(f'{a} is wrong')", "no literal"),
        ("raise ShapeError('a' + b)", "no literal"),
        ("say('{a} fails', a=f'because {b} is')", "a ="),
        ("ShapeError('expected {a}', a=', '.join(names))", "a ="),
        ("say('{a}', a='left' if b else 'the right one')", "a ="),
    ],
)
def test_what_could_not_be_translated_is_noticed(tmp_path, monkeypatch, code, said):
    (tmp_path / "core").mkdir()
    (tmp_path / "some.py").write_text(code)
    monkeypatch.setattr(messages, "SOURCES", tmp_path)
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    assert any(said in line for line in messages.unreadable())


@pytest.mark.parametrize("name", ["zh", "zh_CN", "zh_CN.UTF-8", "zh-CN", "zh_TW.UTF-8", "zh-Hant-HK", "ZH", "zh_CN.GB18030@x"])
def test_every_chinese_locale_finds_the_catalogue(name):
    assert language(name) == "zh"


@pytest.mark.parametrize(
    "name", ["en", "en_GB.UTF-8", "C", "C.UTF-8", "POSIX", "fr_FR.UTF-8", "de", "zhuang", "x/../../zh", "\u4e2d\u6587"]
)
def test_any_other_language_is_english(name):
    assert language(name) == "en"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LC_MESSAGES": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8", "LANG": "en_US"}, "zh"),
        ({"CONVPROOF_LANG": "en", "LC_ALL": "zh_CN.UTF-8"}, "en"),
        ({"CONVPROOF_LANG": "", "LC_ALL": "", "LANG": "zh_TW"}, "zh"),
        ({"CONVPROOF_LANG": "zh", "LC_ALL": "C"}, "zh"),
    ],
)
def test_the_environment_chooses(monkeypatch, environment, expected):
    for name in ("CONVPROOF_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language() == expected


def test_speaking_ends_with_its_block():
    with speaking("zh"):
        assert str(say("training mode")) == "训练模式"
        with speaking("en"):
            assert str(say("training mode")) == "training mode"
        assert say("training mode").text("en") == "training mode"
    assert language() == "en"
    assert say("training mode").text("zh") == "训练模式"


def test_a_field_may_be_a_sentence_and_is_translated_with_it():
    sentence = say("model: {model}", model=say("{model} ({mode})", model="net", mode=say("eval mode")))
    assert sentence.text("en") == "model: net (eval mode)"
    assert sentence.text("zh") == "模型：net（评估模式）"


def test_one_and_several():
    said = [plural("{n} input", "{n} inputs", n=n) for n in (0, 1, 2)]
    assert [s.text("en") for s in said] == ["0 inputs", "1 input", "2 inputs"]
    assert [s.text("zh") for s in said] == ["0 个输入", "1 个输入", "2 个输入"]


def test_lists():
    assert [listed("abcd"[:n], most=2).text("en") for n in range(5)] == ["", "a", "a, b", "a, b and 1 more", "a, b and 2 more"]
    assert listed("abcd", most=2).text("zh") == "a、b 以及另外 2 个"
    assert either("abc").text("en") == "a, b or c"
    assert either("ab").text("zh") == "a 或 b"


def test_a_message_without_a_translation_stays_english():
    assert translated("never said", "zh") == "never said"
    assert translated("", "zh") == ""
    assert Sentence("never said by {who}", {"who": 1}).text("zh") == "never said by 1"


def test_every_kind_of_operation_has_words():
    assert set(KINDS) - {"product"} == set(ARITHMETIC) - {"product"}


def test_english_opens_no_catalogue():
    code = (
        "import sys; import convproof as cp; from convproof.core import languages; import numpy as np;"
        "assert 'gettext' not in sys.modules; str(cp.ReLU().why(np.float32([1]), at=(0,)));"
        "assert languages.catalogue.cache_info().misses == 0"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"CONVPROOF_LANG": "en", "PATH": "", "LANG": "zh_CN.UTF-8"})


def test_the_catalogue_lies_in_the_package_and_is_not_ignored():
    assert catalogue("zh").info()["language"] == "zh"
    assert FOLDER / "zh" / "LC_MESSAGES" / f"{DOMAIN}.mo" == messages.MO
    ignored = (ROOT / ".gitignore").read_text().split()
    assert not [line for line in ignored if messages.MO.match(line.rstrip("/")) or "locale" in line]
