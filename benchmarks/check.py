"""How long a check of a ResNet-18 at 224x224 takes, and how much memory, with every layer claimed by PyTorch.

    python -m benchmarks.check

The times are those after imports, the least and the median of seven, on two threads of PyTorch, and as many of NumPy's as there are
cores. Memory is what the check took at its peak beyond what was there before it (which holds the claimed arrays), as a multiple of the
trace: all arrays of the network in float32.
"""

import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import torch
from tests.checking.resnet import images, pair

import convproof as cp

RUNS = 7


def main() -> None:
    """Measure the check of right numbers, of a wrong first convolution, and of the output alone."""
    torch.set_num_threads(2)
    network, twin = pair()
    x = images(1, 224, seed=7)
    right = twin.arrays(x)
    trace = sum(array.nbytes for array in right.values())
    say(f"trace: {trace / 2**20:.0f} MiB in {len(right)} arrays; machine: {os.cpu_count()} cores, numpy {np.__version__}")

    twin.get_submodule("conv1").weight.data[5] *= 1.01
    wrong = twin.arrays(x)
    measured("every layer, right", lambda: cp.check(network, x, right), trace)
    measured("every layer, the first one wrong", lambda: cp.check(network, x, wrong), trace)
    measured("the output alone, right", lambda: cp.check(network, x, {"fc": right["fc"]}), trace)


def say(line: str) -> None:
    """One line of the answer."""
    sys.stdout.write(line + "\n")


def measured(what: str, run: Callable[[], cp.Report], trace: int) -> None:
    """Print times, peak memory and what was found."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        report = run()
        times.append(time.perf_counter() - start)
        del report
    tracemalloc.start()
    report = run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    verdicts = [row.verdict for row in report.rows]
    found = ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts))
    say(f"{what:36} least {min(times):.2f} s, median {statistics.median(times):.2f} s, memory {peak / trace:.1f} traces; {found}")


if __name__ == "__main__":
    main()
