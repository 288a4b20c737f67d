"""The commands: their defaults, JSON, files and exit codes."""

import builtins
import errno
import json
import os
import subprocess
import sys
from io import StringIO

import numpy as np
import pytest
from PIL import Image

import convproof as cp
from convproof.cli.main import main
from tests.cli.invoke import invoke
from tests.walkthrough import IMAGE_A

NET = """
import convproof as cp
def make():
    return cp.Sequential(conv=cp.Conv2d(3, 2, 3, seed=0), bn=cp.BatchNorm2d(2), relu=cp.ReLU()).eval()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    return tmp_path


def test_the_tour_has_the_numbers_of_the_first_two_parts_of_the_walkthrough():
    out = invoke().out
    for shown in (
        "= 72",
        "= 18",
        "72 + 18 + 18 + 1 = 109",
        "[109 109  55]   [163 163  82]   [217 217 109]",
        "Mean of channel 0: 8.4",
        "158.24: divided by n = 25",
        "164.8333: divided by n - 1 = 24",
        "[-0.5883  0.1272 -0.5883 -0.5883 -0.5883]           [-0.5764  0.1246 -0.5764 -0.5764 -0.5764]",
        "[-0.5088  0.9221 ",
        "[-0.4293  1.7171 ",
        "[-0.3498  2.5121 ",
        "[-0.2703  3.3070 ",
        "3.2402",
        "-1.4142  -0.7071  0.0000  0.7071  1.4142",
        "running_mean [0.84, 0.3, 0.3]",
        "running_var [17.3833, 1.1083, 1.1083]",
        "sqrt(24/25)",
        "bn-bessel-forward",
    ):
        assert shown in out
    assert len(out.splitlines()) <= 40


def test_run_has_the_numbers_of_the_fifth_part():
    out = invoke("run").out
    for shown in (
        "[0.0039 0.0392 0.0039",
        "0.1961",
        "[1.4235 1.4235 1.2118]",
        "[1.6353 1.6353 1.3176]",
        "[1.8471 1.8471 1.4235]",
        "[1.1059 1.1059 1.1059]",
        "[ 0.4082  0.4082 -0.4082]",
        "[ 1.2247  1.2247  0.0000]",
        "[ 2.0411  2.0411  0.4082]",
        "[-0.8164 -0.8164 -0.8164]",
        "[0.4082 0.4082 0.0000]",
        "input.pixels",
        "divided by 255",
    ):
        assert shown in out


def test_why_without_arguments_is_109():
    assert "72 + 18 + 18 + 1 = 109" in invoke("why").out


@pytest.mark.parametrize("command", [["run"], ["why"], ["weights"], ["summary"]])
def test_json_carries_its_schema_version_and_stays_alone_on_stdout(command):
    result = invoke(*command, "--json")
    record = json.loads(result.out)
    assert record["schema_version"] == 1
    assert record["model"].startswith("the walkthrough's")
    assert result.code == 0


def test_json_numbers_are_the_numbers():
    stages = {stage["name"]: stage for stage in json.loads(invoke("run", "--json").out)["stages"]}
    assert np.allclose(stages["conv1"]["values"][0][0][0], [1.4235, 1.4235, 1.2118], rtol=0, atol=5e-5)
    assert list(stages["bn1"]["inner"]) == ["mean", "var", "x_hat"]
    derivation = json.loads(invoke("why", "--json").out)["derivation"]
    assert (derivation["exact"], derivation["cell"]) == ("109", [0, 0, 0, 0])
    assert [part["exact"] for part in derivation["tree"]["parts"]] == ["72", "18", "18", "1"]


def test_mine_says_what_is_missing_and_exits_with_1_if_wrong():
    wrong, right = invoke("why", "--mine", "108"), invoke("why", "--mine", "109")
    assert (wrong.code, right.code) == (1, 0)
    assert wrong.out.endswith("your 108 is not 109: bias[0] = 1 is missing\n")
    assert right.out.endswith("your 109 is right\n")


def test_weights_are_set_written_and_read_again(folder):
    np.save("gamma.npy", np.array([3.0], np.float32))
    made = invoke("weights", "walkthrough", "--set", "conv1.weight:0,0,1,1=5", "--set", "bn1.weight=gamma.npy", "-o", "new.safetensors")
    assert made.code == 0
    assert made.out.endswith("wrote new.safetensors\n")
    shown = json.loads(invoke("weights", "walkthrough", "--weights", "new.safetensors", "--json").out)["weights"]
    assert shown["conv1.weight"]["values"][0][0] == [[1, 1, 1], [1, 5, 1], [1, 1, 1]]
    assert shown["bn1.weight"]["values"] == [3]
    cell = invoke("why", "walkthrough", "--weights", "new.safetensors", "--at", "conv1:0,0,0,0", "--json").out
    assert f"{json.loads(cell)['derivation']['value']:.4f}" == f"{1.4235294 + 4 * 20 / 255:.4f}"
    assert sorted(path.name for path in folder.iterdir()) == ["gamma.npy", "net.py", "new.safetensors"]


def test_an_array_is_found_in_a_file_of_many_by_its_name():
    invoke("weights", "--set", "conv1.bias=7", "-o", "many.safetensors")
    shown = json.loads(invoke("weights", "--set", "conv1.bias=many.safetensors", "--json").out)["weights"]
    assert shown["conv1.bias"]["values"] == [7]
    lacking = invoke("weights", "net.py:make", "--set", "conv.bias=many.safetensors")
    assert lacking.code == 2
    assert "conv1.bias" in lacking.err


EXAMPLES = [
    line.strip()
    for command in ("run", "why", "weights", "summary")
    for line in invoke(command, "--help").out.splitlines()
    if line.strip().startswith("convproof ")
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_help_can_be_pasted(example):
    for name in ("photo.png", "a.png", "b.png"):
        Image.fromarray(IMAGE_A).save(name)
    np.save("gamma.npy", np.array([3.0], np.float32))
    cp.Sequential(conv=cp.Conv2d(3, 2, 3), relu=cp.ReLU()).save("model.onnx")
    invoke("weights", "-o", "new.safetensors")
    result = invoke(*example.removeprefix("convproof").split())
    assert result.code in ((1,) if "--mine 81" in example else (0,)), result


def test_a_file_that_was_read_is_never_written(folder):
    invoke("weights", "-o", "old.safetensors")
    before = (folder / "old.safetensors").read_bytes()
    result = invoke("weights", "--weights", "old.safetensors", "--set", "conv1.bias=2", "-o", "old.safetensors")
    assert (result.code, (folder / "old.safetensors").read_bytes()) == (2, before)
    assert "never changed in place" in result.err


def test_somebodys_model_gets_announced_noise_or_somebodys_image():
    noise = invoke("run", "net.py:make", "--shape", "1,3,6,5")
    assert "input: seeded noise (seed 0) of shape (1, 3, 6, 5)" in noise.out
    assert "model: net.py:make (eval mode)" in noise.out
    Image.fromarray(IMAGE_A).save("a.png")
    assert "input: a.png" in invoke("run", "net.py:make", "a.png").out
    np.save("a.npy", IMAGE_A)
    assert invoke("why", "net.py:make", "a.npy", "--layer", "conv", "--max").code == 0


def test_several_images_make_a_batch_and_a_trace_goes_to_a_file():
    Image.fromarray(IMAGE_A).save("a.png")
    Image.fromarray(np.ones((5, 5, 3), np.uint8)).save("b.png")
    assert invoke("run", "walkthrough", "--input", "a.png", "--input", "b.png", "-o", "trace.npz").code == 0
    with np.load("trace.npz") as stored:
        assert stored["conv1"].shape == (2, 1, 3, 3)
        assert f"{stored['conv1'][0, 0, 0, 0]:.4f}" == "1.4235"


def test_back_ends_at_the_pixel():
    out = invoke("why", "walkthrough", "--at", "relu:0,0,2,1", "--back").out
    assert [line.split("[")[0] for line in out.splitlines() if "] ≈" in line] == ["relu", "bn1", "conv1", "input"]
    assert "pixels[0, 4, 1, 0] / 255 = 50 / 255" in out


def test_latex_is_one_aligned_block():
    out = invoke("why", "--latex").out
    assert out.startswith(r"\begin{aligned}")
    assert r"72 + 18 + 18 + 1 = 109" in out


def test_an_error_of_ours_is_3_and_says_how_to_report_it(monkeypatch):
    monkeypatch.setattr(cp.Network, "trace", lambda self, *x: 1 / 0)
    result = invoke("run")
    assert result.code == 3
    assert "convproof itself failed: ZeroDivisionError" in result.err
    assert "Please report it" in result.err
    with pytest.raises(ZeroDivisionError):
        invoke("run", "--debug")


def test_a_full_disk_is_no_error_of_ours(monkeypatch):
    """Texts are written when the buffer is full, or at the end; either may find that there is no space."""

    class Full(StringIO):
        def flush(self):
            if self.getvalue():
                raise OSError(errno.ENOSPC, "No space left on device")

    class Fuller(Full):
        def write(self, text):
            raise OSError(errno.ENOSPC, "No space left on device")

    for stream in (Full(), Fuller()):
        with monkeypatch.context() as patch:
            errors = StringIO()
            patch.setattr(sys, "stdout", stream)
            patch.setattr(sys, "stderr", errors)
            with pytest.raises(SystemExit) as stop:
                main(["run"])
        assert stop.value.code == 2
        assert errors.getvalue() == "convproof: the output cannot be written: No space left on device\n"


def test_an_interruption_while_modules_are_imported_is_no_traceback(monkeypatch):
    def interrupt(name, *rest, of=builtins.__import__, **more):
        if name == "convproof.cli.commands":
            raise KeyboardInterrupt
        return of(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", interrupt)
    assert invoke("run").code == 130


@pytest.mark.parametrize("command", ["run", "why", "weights", "summary"])
def test_every_command_has_help_with_examples(command):
    out = invoke(command, "--help").out
    assert f"convproof {command}" in out
    assert "--model" in out


def test_the_program_itself_starts_within_two_seconds_of_a_processor():
    started = os.times()
    done = subprocess.run([sys.executable, "-m", "convproof"], capture_output=True, text=True, check=False, encoding="utf-8")
    assert done.returncode == 0
    assert "72 + 18 + 18 + 1 = 109" in done.stdout
    ended = os.times()  # however busy the machine is; Windows does not count what a child spent
    assert ended.children_user + ended.children_system - started.children_user - started.children_system < 2


def test_a_narrow_console_gets_question_marks():
    environment = os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "convproof", "why", "walkthrough", "--at", "bn1:0,0,0,0"]
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
