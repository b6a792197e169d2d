"""Recordings written into a store, and what then lies on disk."""

from pathlib import Path

import numpy as np

from rppg.datasets.store import Store

ID = "demo/ann/v1.mp4"


def write(root, id=ID, version=1, n_frames=4, bvp=True):
    """Prepare a small recording whose every value is its version."""
    with Store(root).begin(id) as writer:
        writer.array("face", (n_frames, 128, 128, 3), np.uint8)[:] = version
        writer.save("mstmap", np.full((n_frames, 63, 6), version, np.float32))
        if bvp:
            writer.save("bvp", np.full(n_frames, version, np.float32))
        writer.commit(meta_of(id, n_frames, fingerprint=f"v{version}"))


def meta_of(id, n_frames, **changes):
    dataset, subject, name = id.split("/")
    return {
        "id": id,
        "dataset": dataset,
        "subject": subject,
        "name": name,
        "split": "train",
        "origin": "synthetic",
        "status": "ok",
        "reason": None,
        "n_frames": n_frames,
        "duration_s": n_frames / 30.0,
        "fps": 25.0,
        "fps_source": "labels",
        "face_hit_rate": np.float64(0.5),
        "gaps_s": [[0.0, 1.0], [2.0, 2.5]],
        "hr_true_bpm": 72.5,
        **changes,
    }


def fail(root, id, reason="no face"):
    with Store(root).begin(id) as writer:
        writer.save("mstmap", np.zeros((1, 63, 6), np.float32))
        writer.commit({"id": id, "status": "failed", "reason": reason, "origin": "real"})


def tree(root) -> dict[str, bytes]:
    """All files with their bytes and all folders, hidden ones too."""
    paths = Path(root).rglob("*")
    return {str(p.relative_to(root)): p.read_bytes() if p.is_file() else b"" for p in paths}
