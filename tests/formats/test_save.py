"""Weights and traces go to files and come back bit for bit; what does not fit changes nothing."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

import convproof as cp
from convproof.formats.arrays import read_arrays, write_arrays
from tests.walkthrough import BATCH, IMAGE_A, IMAGE_B, network

ENDINGS = (".safetensors", ".npz")


def trained():
    """A network whose parameters and statistics are all different."""
    net, rng = network(), np.random.default_rng(2)
    for layer in net.layers.values():
        for name, array in layer.arrays.items():
            if array is not None and array.dtype.kind == "f":
                layer.arrays[name] = rng.normal(size=array.shape).astype(array.dtype)
    net["bn1"].running_var = [0.7]
    net["bn1"].num_batches_tracked = np.array(2**24 + 1)
    return net


def same(a, b):
    return list(a) == list(b) and all(a[k].tobytes() == b[k].tobytes() and a[k].dtype == b[k].dtype for k in a)


@pytest.mark.parametrize("ending", ENDINGS)
def test_weights_come_back_bit_for_bit(tmp_path, ending):
    net, path = trained(), tmp_path / f"net{ending}"
    net.save(path)
    assert set(read_arrays(path)) == set(net.state_dict())
    assert read_arrays(path)["bn1.num_batches_tracked"].dtype == np.int64
    fresh = network()
    assert fresh.load_weights(path) is fresh
    assert same(fresh.state_dict(), net.state_dict())
    assert fresh.state_dict()["bn1.num_batches_tracked"] == 2**24 + 1


@pytest.mark.parametrize("ending", ENDINGS)
def test_float64_layers_come_back_too(tmp_path, ending):
    net = cp.Sequential(conv=cp.Conv2d(3, 2, 3, seed=3, dtype=np.float64))
    net["conv"].bias = np.array([0.1, -0.3])
    net.save(tmp_path / f"net{ending}")
    fresh = cp.Sequential(conv=cp.Conv2d(3, 2, 3, dtype=np.float64)).load_weights(str(tmp_path / f"net{ending}"))
    assert same(fresh.state_dict(), net.state_dict())


def test_torch_reads_ours_and_we_read_torchs(tmp_path):
    net = trained()
    net.save(tmp_path / "ours.safetensors")
    twin = torch.nn.Sequential()
    twin.add_module("conv1", torch.nn.Conv2d(3, 1, 3))
    twin.add_module("bn1", torch.nn.BatchNorm2d(1))
    twin.load_state_dict(safetensors.torch.load_file(tmp_path / "ours.safetensors"))
    assert same({k: v.numpy() for k, v in twin.state_dict().items()}, net.state_dict())
    safetensors.torch.save_file(twin.state_dict(), tmp_path / "torchs.safetensors")
    assert same(network().load_weights(tmp_path / "torchs.safetensors").state_dict(), net.state_dict())


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_trace_comes_back_by_name(tmp_path, ending):
    trace = network().trace(cp.to_batch([IMAGE_A, IMAGE_B]))
    trace.save(tmp_path / f"trace{ending}")
    back = read_arrays(tmp_path / f"trace{ending}")
    assert set(back) == {"input.pixels", "input.layout", "input", "conv1", "bn1", "relu"}
    for name, array in back.items():
        assert array.dtype == trace[name].dtype
        assert (array == trace[name]).all()


def unchanged(net, path, kind, text, **settings):
    before = net.state_dict()
    with pytest.raises(kind, match=text):
        net.load_weights(path, **settings)
    assert same(net.state_dict(), before)


def test_names_that_do_not_fit(tmp_path):
    net, path = network(), tmp_path / "a.npz"
    state = trained().state_dict()
    write_arrays(path, {k: v for k, v in state.items() if k != "bn1.bias"} | {"fc.weight": np.eye(2)})
    text = re.escape("the state does not fit the network: missing ['bn1.bias'], unknown ['fc.weight']; load with strict=False")
    unchanged(net, path, cp.UnknownNameError, text)
    net.load_weights(path, strict=False)
    assert (net["conv1"].weight == state["conv1.weight"]).all()
    assert net["bn1"].bias == 0


@pytest.mark.parametrize("strict", [True, False])
def test_a_file_of_something_else(tmp_path, strict):
    write_arrays(tmp_path / "a.npz", {f"module.{k}": v for k, v in network().state_dict().items()})
    text = re.escape(
        f"{tmp_path / 'a.npz'} holds nothing that the network has: it holds module.conv1.weight, module.conv1.bias, module.bn1.weight, "
        "module.bn1.bias and 3 more, the network conv1.weight, conv1.bias, bn1.weight, bn1.bias and 3 more"
    )
    unchanged(network(), tmp_path / "a.npz", cp.UnknownNameError, text, strict=strict)


def test_shapes_that_do_not_fit(tmp_path):
    state = trained().state_dict()
    write_arrays(tmp_path / "a.npz", state | {"bn1.running_var": np.ones(2, np.float32)})
    text = r"running_var of BatchNorm2d\(num_features=1\) has shape \(1,\) \(num_features\); got an array of shape \(2,\)"
    unchanged(network(), tmp_path / "a.npz", cp.ShapeError, text)


def test_a_nan_in_a_file_is_told(tmp_path):
    state = trained().state_dict()
    state["conv1.bias"][0] = np.nan
    write_arrays(tmp_path / "a.npz", state)
    text = r"bias\[0\] of Conv2d\(.*\) is nan"
    unchanged(network(), tmp_path / "a.npz", cp.NotFiniteWarning, text)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert np.isnan(network().load_weights(tmp_path / "a.npz")["conv1"].bias[0])
    assert [w.category for w in told] == [cp.NotFiniteWarning]


def test_files_that_are_not_read_or_written(tmp_path):
    net = network()
    with pytest.raises(cp.FileError) as caught:
        net.save("a.pt")
    assert str(caught.value) == "a.pt ends in '.pt'; a file of named arrays takes .npz or .safetensors"
    unchanged(net, tmp_path / "a.npz", cp.FileError, "a.npz does not exist")
    unchanged(net, tmp_path / "a.pt", cp.FileError, "a.pt does not exist")


@pytest.mark.parametrize("wrapped", [False, True])
def test_torchs_own_weight_files(tmp_path, wrapped):
    state = {k: torch.tensor(v) for k, v in trained().state_dict().items()}
    torch.save({"epoch": 3, "state_dict": state} if wrapped else state, tmp_path / "a.pt")
    net = network().load_weights(tmp_path / "a.pt")
    assert same(net.state_dict(), trained().state_dict())


class Code:
    def __reduce__(self):
        return (Path.touch, (Path("was_run"),))


def test_code_in_a_torch_file_is_never_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"conv1.weight": Code()}, "a.pt")
    unchanged(network(), "a.pt", cp.FileError, "a.pt holds more than arrays, and code in a file is never run")
    assert not Path("was_run").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([1, 2], "holds list, no state dict"),
        ({"conv1.weight": 3}, "is no state dict: conv1.weight are no tensors"),
        (torch.zeros(3), "holds Tensor, no state dict"),
    ],
)
def test_torch_files_that_hold_something_else(tmp_path, content, sentence):
    torch.save(content, tmp_path / "a.pt")
    unchanged(network(), tmp_path / "a.pt", cp.FileError, sentence)


def test_a_broken_torch_file(tmp_path):
    (tmp_path / "a.pt").write_bytes(b"PK\x03\x04 and nothing else")
    unchanged(network(), tmp_path / "a.pt", cp.FileError, "a.pt cannot be read as a torch file")


def test_saving_changes_nothing(tmp_path):
    net = network()
    before = net.state_dict()
    net.save(tmp_path / "a.npz")
    net.trace(BATCH).save(tmp_path / "b.npz")
    assert same(net.state_dict(), before)
