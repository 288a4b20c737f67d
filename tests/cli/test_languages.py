"""The command line in Chinese: what it says, how it is chosen, and that every column stays where it belongs."""

import json
import os
import re
import subprocess
import sys

import pytest
from rich.cells import cell_len

from convproof.cli.commands import cli
from tests.cli.invoke import invoke

CHINESE = re.compile(r"[\u4e00-\u9fff]")
COMMANDS = sorted(cli.commands)
PANEL = ("╭", "│", "╰")


@pytest.mark.parametrize("arguments", [("--lang", "zh"), ("--lang=zh",), ("--lang", "zh_TW.UTF-8"), ("--lang", "zh-CN")])
def test_lang_chooses(arguments):
    assert "手算" in invoke(*arguments).out
    assert "手算" in invoke("why", *arguments, "--help").out
    assert "手算" in invoke(*arguments, "why", "--help").out


def test_the_environment_chooses_and_lang_wins(monkeypatch):
    monkeypatch.setenv("CONVPROOF_LANG", "zh")
    assert "训练模式" in invoke("why").out
    assert "training mode" in invoke("why", "--lang", "en").out
    assert "Usage:" in invoke("why", "--lang", "en", "--help").out
    monkeypatch.setenv("CONVPROOF_LANG", "fr")
    assert "training mode" in invoke("why").out, "a machine's own language is no mistake of who types"


@pytest.mark.parametrize("place", [("--lang", "fr", "why"), ("why", "--lang", "fr")])
def test_a_language_that_is_not_there_is_an_error(place):
    found = invoke(*place)
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith("convproof: --lang fr: expected en or zh.")
    assert invoke("why", "--lang", "zh_CN").code == invoke("why", "--lang", "en-GB").code == 0


def test_one_run_in_chinese_leaves_nothing_behind():
    before = {**os.environ}, invoke("why", "--help").out, invoke("why", "--bogus").err
    assert "用法" in invoke("why", "--help", "--lang", "zh").out
    assert ({**os.environ}, invoke("why", "--help").out, invoke("why", "--bogus").err) == before


@pytest.mark.parametrize("columns", ["80", "120"])
@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_all_of_a_help_text_is_chinese_and_its_panels_are_aligned(command, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    lines = invoke(*([command] if command else []), "--help", "--lang", "zh").out.rstrip().split("\n")
    assert "用法：" in lines[1]
    assert "[选项]" in lines[1]
    panels = [line for line in lines if line.startswith(PANEL)]
    assert len({cell_len(line) for line in panels}) == 1, "a frame that is not straight"
    assert [line for line in panels if "╭─ 选项 ─" in line]
    for row in re.split(r"\n│ (?=\S)", "\n".join(panels))[1:]:
        assert CHINESE.search(row), row
    for word in ("Options", "Commands", "Usage", "Show", "default", "exit", "Print"):
        assert word not in "\n".join(lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("why", "--bogus"), "convproof: 没有选项 '--bogus'。"),
        (("bogus",), "convproof: 没有命令 'bogus'。"),
        (("why", "--at"), "convproof: 选项 '--at' 需要 1 个参数。"),
        (("why", "--seed", "x"), "'--seed' 的值无效：'x' 不是有效的 integer range。"),
        (("why", "a", "b", "c"), "多出了参数（c）"),
        (("why", "--at", "0,0,0,0", "--max"), "--at 和 --max 都用来选单元：只给其中一个。"),
        (("run", "walkthrough", "--model", "walkthrough"), "MODEL 给了两次：'walkthrough' 和 --model 'walkthrough'；只给一次。"),
        (("run", "nothing"), "没有名为 'nothing' 的模型"),
        (("why", "--at", "0,0,0,9"), "单元的第 3 个下标（从 0 数起）应在 0 到 2 之间"),
        (("why", "--mine", "x"), "'x' 不是数"),
    ],
)
def test_errors_are_chinese_with_the_same_exit_code(arguments, said):
    found = invoke("--lang", "zh", *arguments)
    assert said in found.err
    assert found.code == invoke(*arguments).code == 2
    assert not re.search("Error|Try|Usage|for help", found.err)


def test_an_error_of_our_own_is_chinese_too(monkeypatch):
    monkeypatch.setattr("convproof.cli.commands.tour", lambda: 1 / 0)
    found = invoke("--lang", "zh")
    assert found.code == 3
    assert "convproof 自身出错：ZeroDivisionError" in found.err


def test_a_whole_run_has_no_english_prose():
    for arguments in (["run"], ["why", "walkthrough", "--at", "relu:0,0,2,1", "--back", "--mine", "2.0"], ["weights"], ["summary"], []):
        for line in invoke(*arguments, "--lang", "zh").out.split("\n"):
            if line.startswith("   convproof "):
                continue  # a command to try, with Chinese behind it
            words = re.sub(r"sum over c, u, v of|[\w.]*[._(\[]\w*|\(.*?=.*?\)", "", line)
            assert not re.search(r"\b[a-z]{3,} (?:and |the |is |of )?[a-z]{3,}\b", words), line


def test_json_is_always_english():
    for arguments in (["run"], ["why", "walkthrough", "--at", "input:0,0,1,1"], ["why"], ["weights"], ["summary"]):
        found = invoke(*arguments, "--json", "--lang", "zh")
        assert found.out == invoke(*arguments, "--json").out
        assert not CHINESE.search(found.out)
        json.loads(found.out)


def test_the_equals_signs_of_a_derivation_stand_below_each_other():
    lines = invoke("why", "--lang", "zh").out.split("\n")
    rows = [line for line in lines if re.match(r"通道|y +=| +\+", line)]
    assert len(rows) == 10
    assert len({cell_len(re.split(r"[=+]", row)[0]) for row in rows}) == 1


def test_the_columns_of_a_table_stand_below_each_other():
    lines = [line for line in invoke("summary", "--lang", "zh").out.split("\n") if line.startswith(" ")]
    head, rule, *rows = lines
    assert {cell_len(line) for line in (head, *rows)} == {cell_len(rule) - 1} or max(map(cell_len, lines)) == cell_len(rule)
    where = cell_len(head.split("读取")[0])
    assert all(row[where - 1] == " " and row[where] != " " for row in rows), "names have no wide characters, so columns are characters"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "gb18030"])
def test_a_narrow_console_gets_utf_8(encoding):
    environment = {"CONVPROOF_LANG": "zh", "PYTHONIOENCODING": encoding, "PATH": "", "COLUMNS": "80"}
    for arguments, said in ((["--help"], "用法："), (["why", "--bogus"], "没有选项")):
        found = subprocess.run([sys.executable, "-m", "convproof", *arguments], capture_output=True, env=environment, check=False)
        assert said in (found.stdout + found.stderr).decode("utf-8")
