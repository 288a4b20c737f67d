"""Every transcript in the documentation is what the program prints today."""

import re
from pathlib import Path

import pytest

from tests.stories.transcripts import matches, tell

ROOT = Path(__file__).parents[2]
STORIES = [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").glob("**/*.md")), *sorted(Path(__file__).parent.glob("*.md"))]


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_story(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    differences = tell(path, tmp_path)
    assert not differences, "\n".join(differences)


def test_an_output_that_differs_is_noticed():
    assert matches("a\n...\nc\n", "a\nb\nb\nc\n")
    assert matches("a\n", "a\n")
    assert not matches("a\n", "b\n")
    assert not matches("a\n...\nc\n", "a\nb\n")


def test_the_chinese_readme_has_all_commands_and_all_code_of_the_english_one():
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md"))

    def blocks(text, kind):
        found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        return [block for this, block in found if this == kind]

    def commands(text):
        return [
            line.removesuffix(" --lang zh") for block in blocks(text, "console") for line in re.findall(r"^\$ (.*)$", block, re.MULTILINE)
        ]

    def code(text):
        return [re.sub(r"\s*#.*", "", block) for block in blocks(text, "python")]

    assert set(commands(english)) <= set(commands(chinese))
    assert code(english) == code(chinese)
    assert blocks(english, "") == blocks(chinese, "")
    assert "(README.zh-CN.md)" in english
    assert "(README.md)" in chinese
