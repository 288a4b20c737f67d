"""Every transcript in the documentation is what the program prints today."""

from pathlib import Path

import pytest

from tests.stories.transcripts import matches, tell

ROOT = Path(__file__).parents[2]
STORIES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md")), *sorted(Path(__file__).parent.glob("*.md"))]


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
