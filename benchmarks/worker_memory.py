"""Peak memory of preparation's processes: what a worker and the face detector's process hold.

    from worker_memory import peak_mib
    worker_mib, detector_mib = peak_mib(recording, folder)

`python benchmarks/preprocess.py --memory` compares 30 s with 10 minutes.
"""

import multiprocessing
import re
import threading
from pathlib import Path

import psutil

from rppg.datasets import Recording
from rppg.preprocessing.prepare import prepare

SAMPLE_S = 0.02


def peak_mib(recording: Recording, store: Path) -> tuple[float, float]:
    """Peak resident memory of the one worker, and of the face detector's process, in MiB."""
    peaks, done = {}, threading.Event()

    def sample():
        while not done.wait(SAMPLE_S):
            for child in multiprocessing.active_children():
                kind = "server" if child.name.startswith("_Server") else "worker"
                try:
                    mib = resident_mib(child.pid)
                except (psutil.NoSuchProcess, OSError):
                    continue
                peaks[kind] = max(peaks.get(kind, 0), mib)

    thread = threading.Thread(target=sample)
    thread.start()
    prepare([recording], store, workers=1, progress=False)
    done.set(), thread.join()
    return peaks["worker"], peaks["server"]


def resident_mib(pid: int) -> float:
    """Peak resident memory of a process if the system reports it (Linux), else the current one."""
    if (status := Path(f"/proc/{pid}/status")).is_file():
        match = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
        return int(match[1]) / 2**10 if match else 0.0  # none: the process is ending
    return psutil.Process(pid).memory_info().rss / 2**20
