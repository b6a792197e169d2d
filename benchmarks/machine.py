"""Measurements of time, memory and large matrix products, each in its own process.

from machine import alone, product_rate
peak = alone(product_rate, "cpu", 2)  # floating-point operations per second
"""

import multiprocessing
import re
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch

PRODUCT = {"cpu": 3072, "cuda": 8192}  # side of the large product


def product_rate(device: str, threads: int) -> float:
    """Floating-point operations per second of a large float32 matrix product."""
    torch.set_num_threads(threads)
    side = PRODUCT[device]
    a, b = torch.randn(side, side, device=device), torch.randn(side, side, device=device)
    return 2 * side**3 / seconds(lambda: a @ b, 5, device)


def start_memory(device: str) -> float:
    """MiB in use now; resets the peak."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated() / 2**20
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    return _status_mib("VmRSS")


def peak_memory(device: str) -> float:
    """Peak MiB in use."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return _status_mib("VmHWM")


def _status_mib(name: str) -> float:
    text = Path("/proc/self/status").read_text()
    return int(re.search(rf"{name}:\s*(\d+) kB", text)[1]) / 2**10


def alone(function: Callable, *arguments):
    """The function's result in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()


def seconds(action: Callable[[], object], repeat: int, device: str = "cpu") -> float:
    """Seconds of an action, the best of `repeat`."""
    action()
    times_s = []
    for _ in range(repeat):
        start_s = time.perf_counter()
        action()
        wait(device)
        times_s.append(time.perf_counter() - start_s)
    return min(times_s)


def wait(device: str) -> None:
    """Wait until the device has finished."""
    if device == "cuda":
        torch.cuda.synchronize()
