"""Prepared recordings with a known pulse, written into a store."""

import numpy as np

SIGNATURE = np.array([0.33, 0.77, 0.53])


def mstmap_of(hr_bpm, n_frames=600, rows=range(63), motion_bpm=None, noise=0.05, seed=0):
    """An MSTmap whose rows carry a pulse; all of them carry coloured motion where asked."""
    rng = np.random.default_rng(seed)
    t = np.arange(n_frames) / 30
    mstmap = np.full((n_frames, 63, 6), 128.0)
    pulsing = np.zeros((63, 1))
    pulsing[list(rows)] = 1
    beat = np.sin(2 * np.pi * hr_bpm / 60 * t)[:, None, None]
    mstmap[..., :3] = np.array([180, 120, 90]) * (1 - 0.02 * beat * pulsing * SIGNATURE)
    if motion_bpm is not None:
        sway = np.sin(2 * np.pi * motion_bpm / 60 * t)[:, None, None]
        mstmap[..., :3] *= 1 + 0.02 * sway * np.array([0.2, 0.5, 1.0])
    mstmap[..., :3] += noise * rng.standard_normal((n_frames, 63, 3))
    return mstmap.astype(np.float32)


def put(store, id, mstmap=None, bvp=None, **meta):
    """Write a recording, or, without an mstmap, one that failed."""
    dataset, subject, name = id.split("/")
    meta = {"id": id, "dataset": dataset, "subject": subject, "name": name, **meta}
    meta = {"split": "test", "origin": "synthetic", "hr_true_bpm": None, **meta}
    with store.begin(id) as writer:
        if mstmap is None:
            writer.commit(meta | {"status": "failed", "reason": "no face in any frame"})
            return
        writer.save("face", np.zeros((len(mstmap), 128, 128, 3), np.uint8))
        writer.save("mstmap", mstmap)
        if bvp is not None:
            writer.save("bvp", bvp.astype(np.float32))
        writer.commit(meta | {"status": "ok", "reason": None, "n_frames": len(mstmap)})
