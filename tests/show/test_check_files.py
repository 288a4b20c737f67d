"""A check as JSON, as JUnit XML and in a real run of pytest, whose own JUnit file says what such a file looks like."""

import json
import math
import os
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

import convproof as cp
from convproof.core.sentence import say
from convproof.show.junit import junit, legal
from tests.show.test_check import RIGHT, report, row, worst, wrong

TEST = """
import numpy as np
import pytest
import convproof as cp

net = cp.load("walkthrough")
x = cp.to_batch(np.ones((2, 5, 5, 3), np.uint8))

def claimed(error):
    trace = net.trace(x)
    mine = {name: np.array(trace[name]) for name in ("conv1", "bn1", "relu")}
    mine["conv1"][1, 0, 2, 0] += error
    return mine

def test_right():
    cp.check(net, x, claimed(0)).require()

def test_wrong():
    cp.check(net, x, claimed(0.5)).require()

@pytest.mark.skip(reason="not today")
def test_skipped():
    pass
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pytest")
    (folder / "test_it.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=out.xml", "test_it.py"]
    environment = {key: value for key, value in os.environ.items() if key != "CONVPROOF_SHAPES" and not key.startswith("PYTEST")}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment, encoding="utf-8")
    return done, ElementTree.parse(folder / "out.xml").getroot()


def test_an_assertion_in_pytest_says_it_all(run):
    done, _ = run
    assert done.returncode == 1
    for line in (
        "E       AssertionError: your numbers, judged by the exact values of a network of 3 layers",
        "E       conv1 is wrong by itself.",
        "E       At conv1[1, 0, 2, 0] stands 1.6059, where 1.1059 is right: rounding, in whatever",
        "E         print(net.trace(x).why('conv1', (1, 0, 2, 0)))",
    ):
        assert line in done.stdout
    assert "test_wrong" in done.stdout
    assert "1 failed, 1 passed, 1 skipped" in done.stdout


def written(*rows, fail_on="undecided", **more):
    root = ElementTree.fromstring(junit(report(*rows, **more), fail_on, 1.25))
    return root, root.find("testsuite")


ROWS = (RIGHT, wrong("bn1"), row("a", "precision", notes=(say("TF32"),)), row("b", "undecided"))


def test_a_test_case_for_each_row_and_for_what_was_not_judged():
    root, suite = written(*ROWS, unclaimed=("conv2", "a"))
    counts = {"tests": "5", "failures": "2", "errors": "0", "skipped": "1", "time": "1.250", "name": "convproof.check"}
    assert root.attrib == suite.attrib == counts
    cases = {case.get("name"): case for case in suite}
    assert list(cases) == ["conv1", "bn1", "a", "b", "conv2"]
    assert all(case.get("classname") == "convproof.check" and float(case.get("time")) == 0 for case in suite)
    assert [[part.tag for part in case] for case in suite] == [["system-out"], ["failure"], ["system-out"], ["failure"], ["skipped"]]
    failure = cases["bn1"].find("failure")
    assert failure.get("type") == "wrong"
    assert failure.get("message") == "wrong, born here: 1.5000 at bn1[0, 2, 3, 4], where 1.2500 is right"
    assert "2 times as far off" in failure.text
    assert "why('bn1', (0, 2, 3, 4))" in failure.text


def test_two_models_do_not_collide():
    names = []
    for model in ("net.py:make", "out/net.onnx", ""):
        root = ElementTree.fromstring(junit(report(RIGHT), model=model))
        names.append(root.find("testsuite/testcase").get("classname"))
        assert root.get("name") == root.find("testsuite").get("name") == names[-1]
    assert names == ["convproof.check.net_py_make", "convproof.check.out_net_onnx", "convproof.check"]


@pytest.mark.parametrize(("fail_on", "failing"), [("wrong", ["bn1"]), ("undecided", ["bn1", "b"]), ("precision", ["bn1", "a", "b"])])
def test_what_fails_is_what_was_asked_for(fail_on, failing):
    _, suite = written(*ROWS, fail_on=fail_on)
    assert [case.get("name") for case in suite if case.find("failure") is not None] == failing
    assert suite.get("failures") == str(len(failing))


def test_several_witnesses_are_told_apart():
    _, suite = written(RIGHT, row("conv1", whose="torch"))
    assert [case.get("name") for case in suite] == ["conv1 (yours)", "conv1 (torch)"]


def test_the_file_has_nothing_that_pytests_own_has_not(run):
    """pytest's file is one that Jenkins and GitLab read; ``type`` of a failure is what the original Ant format has beyond it."""
    _, theirs = run
    ours, _ = written(*ROWS, unclaimed=("conv2",))
    known = {}
    for element in theirs.iter():
        known.setdefault(element.tag, set()).update(element.attrib)
    known["failure"] |= {"type"}
    known["testsuites"] |= known["testsuite"]
    known["system-out"] = set()
    for element in ours.iter():
        assert set(element.attrib) <= known[element.tag]
    required = {"tests", "failures", "errors", "skipped", "time", "name"}
    assert required <= set(ours.find("testsuite").attrib) & set(theirs.find("testsuite").attrib)


def test_characters_that_xml_cannot_hold_do_not_break_the_file():
    name = 'a\x00\x1b\ud800\ufffeb<&>"\U0001f600'
    _, suite = written(wrong(name), unclaimed=(name + "2",))
    assert suite[0].get("name") == 'a????b<&>"\U0001f600'
    assert legal("\t\n ok") == "\t\n ok"


def test_nothing_judged_is_a_file_too():
    root, suite = written(unclaimed=("conv1",))
    assert (root.get("tests"), suite.get("skipped"), len(suite)) == ("1", "1", 1)


def test_the_record():
    found = report(*ROWS, wrong("fc", worst=worst(math.nan, math.inf, gap=math.inf, ulps=math.nan)), unclaimed=("conv2",), settles=("a",))
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert set(record) == {
        "schema_version", "judged", "ok", "first_wrong", "covered", "unclaimed", "settles", "missing", "outliers", "meaning", "rows",
    }  # fmt: skip
    assert (record["schema_version"], record["ok"], record["first_wrong"]) == (1, False, "bn1")
    assert set(record["rows"][0]) == {
        "name", "kind", "described", "whose", "verdict", "usual", "proved", "born", "inherited", "precision", "segment", "resolution",
        "cells", "beyond", "worst", "notes", "explain",
    }  # fmt: skip
    assert set(record["rows"][0]["worst"]) == {"cell", "claimed", "exact", "gap", "proof", "usual", "of_proof", "of_usual", "ulps"}
    assert record["rows"][1]["worst"] | {"usual": 0} == {
        "cell": [0, 2, 3, 4], "claimed": 1.5, "exact": 1.25, "gap": 0.25, "proof": 0.125, "usual": 0, "of_proof": 2, "of_usual": 4,
        "ulps": 7,
    }  # fmt: skip
    assert [record["rows"][4]["worst"][name] for name in ("claimed", "exact", "gap", "ulps")] == ["nan", "inf", "inf", "nan"]
    assert record["rows"][2]["notes"] == ["TF32"]


def test_the_record_of_a_real_check_is_english():
    net, x = cp.load("walkthrough"), np.linspace(0, 1, 150, dtype=np.float32).reshape(2, 3, 5, 5)
    record = cp.check(net, x, claimed={"relu": net.trace(x)["relu"]}).to_dict()
    assert record["rows"][0]["segment"] == ["conv1", "bn1", "relu"]
    assert json.loads(json.dumps(record)) == record
