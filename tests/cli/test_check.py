"""``convproof check``: its default, where the input comes from, exit codes, and the files it writes."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
import yaml

import convproof as cp
from convproof.formats.arrays import read_arrays, write_arrays
from tests.cli.invoke import invoke
from tests.walkthrough import IMAGE_A

NET = """
import convproof as cp
def make():
    return cp.Sequential(conv=cp.Conv2d(3, 2, 3, seed=0), bn=cp.BatchNorm2d(2), relu=cp.ReLU(), pool=cp.MaxPool2d(2)).eval()
"""
DOCS = Path(__file__).parents[2] / "docs"
X = np.random.default_rng(0).standard_normal((1, 3, 7, 9)).astype(np.float32)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    np.save("x.npy", X)
    return tmp_path


@pytest.fixture
def golden():
    assert invoke("run", "net.py:make", "x.npy", "--save", "golden.safetensors").code == 0
    return read_arrays("golden.safetensors")


def test_without_arguments_it_is_the_mistake_of_half_an_hour():
    done = invoke("check")
    assert done.code == 1
    model, given, judged, _, _, _, row = done.out.split("\n")[:7]
    assert model == "model: the walkthrough's BatchNorm2d(3) (training mode)"
    assert given == "input: image_a, not scaled"
    assert judged == ("an output with the n - 1 variance, judged by the exact values of the walkthrough's BatchNorm2d(3)")
    assert row.split() == ["bn1", "wrong,", "born", "here", "0,0,4,1", "3.2402", "3.3070", "6020", "21600", "280000"]
    assert "At bn1[0, 0, 4, 1] stands 3.2402, where 3.3070 is right" in done.out


def test_the_numbers_of_the_default_are_those_of_torchs_unbiased_variance():
    x = torch.tensor(IMAGE_A.transpose(2, 0, 1)[None].astype(np.float64))
    var, mean = torch.var_mean(x, (0, 2, 3), unbiased=True, keepdim=True)
    expected = ((x - mean) / torch.sqrt(var + 1e-5)).float().numpy()
    row = cp.check(cp.load("walkthrough-bn"), x.float(), claimed=expected)["bn1"]
    record = json.loads(invoke("check", "--json").out)["rows"][0]
    assert record["worst"]["claimed"] == float(expected[0, 0, 4, 1])
    assert (record["beyond"], record["cells"]) == (row.beyond, 75)


def test_the_command_that_it_names_explains_the_number():
    line = next(line for line in invoke("check").out.split("\n") if line.startswith("  convproof why"))
    done = invoke(*line.split()[1:])
    assert done.code == 1
    assert "your 3.2402 is not 3.30701: the batch is normalised by the n - 1 variance (bn-bessel-forward)" in done.out


def test_a_golden_file_brings_its_input(golden):
    done = invoke("check", "net.py:make", "--claimed", "golden.safetensors")
    assert done.code == 0
    assert done.out.startswith("model: net.py:make (eval mode)\ninput: from golden.safetensors\nyour numbers from golden.safetensors, ")
    assert "All is right" in done.out


def test_a_change_is_found_and_the_command_uses_the_golden_input(golden):
    golden["bn"][0, 1, 2, 3] += 0.25
    write_arrays("new.safetensors", golden)
    done = invoke("check", "net.py:make", "--claimed", "new.safetensors")
    assert done.code == 1
    assert done.out.split("\n")[6].split()[:5] == ["bn", "wrong,", "born", "here", "0,1,2,3"]
    command = next(line for line in done.out.split("\n") if line.startswith("  convproof why net.py:make new.safetensors --at bn:0,1,2,3"))
    assert "is not" in invoke(*command.split()[1:]).out


def test_numbers_may_stand_third(golden):
    assert invoke("check", "net.py:make", "x.npy", "golden.safetensors").code == 0
    both = invoke("check", "net.py:make", "x.npy", "golden.safetensors", "--claimed", "golden.safetensors")
    assert both.code == 2
    assert "NUMBERS is given twice" in both.err
    np.save("other.npy", np.zeros_like(X))
    done = invoke("check", "net.py:make", "other.npy", "golden.safetensors")
    assert done.code == 1
    assert "input is another input than the one that was given" in done.out


def test_noise_never_meets_somebodys_numbers(golden):
    write_arrays("mine.npz", {name: golden[name] for name in ("conv", "bn", "relu", "pool")})
    done = invoke("check", "net.py:make", "--claimed", "mine.npz")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "convproof: mine.npz does not hold the input (input), and noise says nothing of your numbers: "
        "give the INPUT that they were computed from\n"
    )
    for noise in (("--shape", "1,3,7,9"), ("--dim", "batch=1")):
        done = invoke("check", "net.py:make", "--claimed", "golden.safetensors", *noise)
        assert done.code == 2
        assert "noise says nothing of your numbers" in done.err
    assert invoke("check", "net.py:make", "x.npy", "mine.npz").code == 0


def test_layers_that_are_missing_are_an_error_unless_they_may_be(golden):
    write_arrays("mine.npz", {"pool": golden["pool"], "input": X})
    done = invoke("check", "net.py:make", "--claimed", "mine.npz")
    assert (done.code, done.out) == (2, "")
    assert "nothing was claimed of conv, bn, relu" in done.err
    done = invoke("check", "net.py:make", "--claimed", "mine.npz", "--partial")
    assert done.code == 0
    assert "pool: judged as one: conv..pool, 4 layers" in done.out
    write_arrays("some.npz", {"conv": golden["conv"], "input": X})
    done = invoke("check", "net.py:make", "--claimed", "some.npz", "--partial")
    assert done.code == 0
    assert "1 of 4 layers was judged; not: bn, relu, pool." in done.out
    write_arrays("fused.npz", {"relu": golden["relu"], "pool": golden["pool"], "input": X})
    assert invoke("check", "net.py:make", "--claimed", "fused.npz").code == 0, "conv, bn and relu may be one"


def test_a_witness_may_be_asked_on_noise():
    done = invoke("check", "net.py:make", "--against", "torch", "--shape", "1,3,7,9", "--seed", "3")
    assert done.code == 0
    assert "input: seeded noise (seed 3) of shape (1, 3, 7, 9)" in done.out
    assert "torch, judged by the exact values of net.py:make" in done.out
    done = invoke("check", "net.py:make", "x.npy", "--against", "nobody")
    assert done.code == 2
    assert "'nobody' is no witness" in done.err


def test_nothing_to_judge():
    for arguments in (("net.py:make",), ("net.py:make", "x.npy"), ("walkthrough",)):
        done = invoke("check", *arguments, *([] if "x.npy" in arguments or arguments[0] == "walkthrough" else ["--shape", "1,3,7,9"]))
        assert done.code == 2
        assert "Nothing to judge: " in done.err
        assert "give NUMBERS, your own, or --against torch, a witness." in done.err


@pytest.mark.parametrize(("fail_on", "code"), [("wrong", 0), ("undecided", 0), ("precision", 1)])
def test_fail_on_sets_the_line(golden, fail_on, code):
    """Outputs stored as float16 of inputs and weights rounded to float16: precision, whose reach is not the network's own."""
    net = cp.load("net.py:make")
    half = {name: array.astype(np.float16).astype(np.float32) for name, array in net["conv"].state_dict().items()}
    net["conv"].load_state_dict(half)
    x = X.astype(np.float16).astype(np.float32)
    write_arrays("half.npz", {"conv": net["conv"](x), "input": X})
    done = invoke("check", "net.py:make", "--claimed", "half.npz", "--partial", "--fail-on", fail_on)
    assert "precision" in done.out
    assert done.code == code


def test_reports_are_written_as_files_too(golden):
    golden["conv"][0, 0, 0, 0] += 1
    write_arrays("new.safetensors", golden)
    done = invoke("check", "net.py:make", "--claimed", "new.safetensors", "--junit", "check.xml", "--html", "check.html")
    assert done.code == 1
    assert done.out.endswith("wrote check.xml\nwrote check.html\n")
    suite = ElementTree.parse("check.xml").getroot().find("testsuite")
    assert [case.get("name") for case in suite] == ["input", "conv", "bn", "relu", "pool"]
    assert {case.get("classname") for case in suite} == {"convproof.check.net_py_make"}
    assert suite.get("failures") == str(sum(case.find("failure") is not None for case in suite))
    assert "convproof why net.py:make new.safetensors --at conv:0,0,0,0" in suite[1].find("failure").text
    html = Path("check.html").read_text("utf-8")
    assert "model: net.py:make (eval mode)" in html
    assert "data:image/png" in html
    assert "<title>check: wrong; model: net.py:make (eval mode)</title>" in html
    assert {path.name for path in Path().iterdir() if "check" in path.name} == {"check.html", "check.xml"}


def test_no_file_that_was_read_is_written_over(golden):
    Path("out").mkdir()
    for name in ("conv", "bn", "relu", "pool"):
        np.save(f"out/{name}.npy", golden[name])
    for claimed, path in (
        ("golden.safetensors", "golden.safetensors"),
        ("golden.safetensors", "./x.npy"),
        ("out", "out/bn.npy"),
        ("golden.safetensors", "net.py"),
    ):
        for option in ("--junit", "--html"):
            done = invoke("check", "net.py:make", "x.npy", claimed, option, path)
            assert done.code == 2
            assert f"{option} {path}: that file was read" in done.err
    assert invoke("check", "net.py:make", "x.npy", "out", "--junit", "out/check.xml").code == 0
    assert invoke("check", "net.py:make", "x.npy", "out", "--junit", "a", "--html", "./a").code == 2
    assert "does not exist; make it first" in invoke("check", "--junit", "nowhere/check.xml").err


def test_json(golden):
    done = invoke("check", "net.py:make", "--claimed", "golden.safetensors", "--json", "--junit", "check.xml")
    record = json.loads(done.out)
    assert done.code == 0
    assert (record["schema_version"], record["model"], record["input"]) == (1, "net.py:make (eval mode)", "from golden.safetensors")
    assert (record["ok"], record["failed"], record["fail_on"]) == (True, False, "undecided")
    assert [row["name"] for row in record["rows"]] == ["input", "conv", "bn", "relu", "pool"]
    assert record["judged"] == "your numbers from golden.safetensors, judged by the exact values of net.py:make"


def test_what_is_no_number_is_not_hidden(golden):
    golden["bn"][0, 1, 2, 3] = np.nan
    write_arrays("new.safetensors", golden)
    done = invoke("check", "net.py:make", "--claimed", "new.safetensors")
    assert done.code == 1
    assert "At bn[0, 1, 2, 3] stands nan, where" in done.out
    assert "--at bn:0,1,2,3\n" in done.out
    assert json.loads(invoke("check", "net.py:make", "--claimed", "new.safetensors", "--json").out)["rows"][2]["worst"]["claimed"] == "nan"


def test_the_builds_run_the_commands_whose_transcripts_are_tested():
    told, workflow = ((DOCS / name).read_text("utf-8") for name in ("ci.md", "ci/check.yml"))
    transcripts = re.findall(r"^\$ (.*)$", told, re.MULTILINE)
    assert re.search(r"once: (convproof run .*?safetensors),", workflow)[1] in transcripts
    reports = " --junit check.xml --html check.html"
    builds = re.findall(r"(?:- |run: |sh \')(convproof check .*?)\'?(?: \}|\n)", told + workflow)
    assert len(builds) == 3, "GitLab, Jenkins, GitHub"
    assert len(set(builds)) == 1
    assert builds[0].removesuffix(reports) in transcripts
    assert any(command.endswith(reports) for command in transcripts)


def test_the_workflow_is_one():
    workflow = yaml.safe_load((DOCS / "ci" / "check.yml").read_text("utf-8"))
    steps = workflow["jobs"]["check"]["steps"]
    assert workflow["permissions"] == {"contents": "read"}
    assert [step["run"].split()[0] for step in steps if "run" in step] == ["pip", "convproof"]
    upload = steps[-1]
    assert upload["if"] == "always()", "the reports are wanted most where the check fails"
    assert upload["with"]["path"].split() == ["check.xml", "check.html"]


def test_nothing_is_written_where_one_file_cannot_be(golden, folder):
    done = invoke("check", "net.py:make", "--claimed", "golden.safetensors", "--junit", "check.xml", "--html", "nowhere/check.html")
    assert done.code == 2
    assert "the folder" in done.err
    assert not (folder / "check.xml").exists()


def test_witnesses_in_float64():
    done = invoke("check", "net.py:make", "x.npy", "--against", "torch", "--double")
    assert done.code == 0
    assert invoke("check", "--double").code == 2


@pytest.mark.parametrize(
    ("formats", "others"),
    [
        (["bn=q15.0"], ["bn"]),
        (["q15.0", "bn=float32", "pool=float32"], ["conv", "input", "relu"]),
        (["*o*=q15.0", "pool=float32"], ["conv"]),
    ],
)
def test_a_format_for_some_arrays(golden, formats, others):
    """No array of a run holds whole numbers: each that was declared to is named."""
    done = invoke("check", "net.py:make", "--claimed", "golden.safetensors", *(word for text in formats for word in ("--format", text)))
    (line,) = [line for line in done.out.split("\n") if "its numbers are none of Q15.0" in line]
    assert sorted(line.partition(":")[0].split(", ")) == others
