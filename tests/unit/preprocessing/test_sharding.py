"""Shards: no recording twice, none lost, one index at the end."""

import os
import random
import signal
import subprocess
import sys

import pandas as pd
import pytest
from helpers.interrupts import digests, half_done, wait_for
from helpers.store import fail, tree, write
from helpers.vision_clips import heed_interrupts, recording, write_clip

from rppg.datasets import Recording, Store, read
from rppg.datasets.recording import fingerprint
from rppg.preprocessing.prepare import prepare
from rppg.preprocessing.sharding import count_missing, parse_shard, split_shard
from rppg.utils import atomic

N_CLIPS = 10


@pytest.mark.parametrize("shard", ["0/2", "3/2", "a", "", "1", "1/0", "-1/2", "1/2/3", "1 / 2"])
def test_an_invalid_shard_is_an_error_with_the_format(shard, tmp_path):
    with pytest.raises(ValueError, match="expected i/n with i from 1 to n"):
        parse_shard(shard)
    with pytest.raises(ValueError, match="expected i/n"):
        prepare([], tmp_path, shard=shard)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 30])
def test_shards_are_a_partition_whatever_the_order_of_the_list(n):
    clips = [Recording("demo", "ann", f"v{k}", frames=f"v{k}.mp4") for k in range(20)]
    mixed = random.Random(n).sample(clips, len(clips))
    shares = [split_shard(mixed, f"{i}/{n}")[0] for i in range(1, n + 1)]
    assert sorted(r.name for share in shares for r in share) == sorted(r.name for r in clips)
    assert {len(share) for share in shares} <= {20 // n, 20 // n + 1}
    for i, share in enumerate(shares):
        assert {r.name for r in share} == {f"v{k}" for k in range(i, 20, n)}  # v2 before v10
        assert share == [r for r in mixed if r in share]


def test_a_recording_is_missing_until_it_is_done_from_its_current_source(tmp_path):
    clips = []
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_text("some bytes")
        clips.append(recording(tmp_path / name))
    store = Store(tmp_path / "store")

    def meta_of(clip, mark, version=2):
        meta = {"id": clip.id, "status": "failed", "reason": "no face", "fingerprint": mark}
        with store.begin(clip.id) as writer:
            writer.commit({**meta, "version": version})

    def missing():
        return count_missing(clips, store, is_current=lambda meta: meta.get("version") == 2)

    assert missing() == 2
    meta_of(clips[0], fingerprint(clips[0]))
    assert missing() == 1
    meta_of(clips[1], fingerprint(clips[1]), version=1)
    assert missing() == 1
    meta_of(clips[1], fingerprint(clips[1]))
    assert missing() == 0
    (tmp_path / "b.mp4").write_text("other bytes")
    assert missing() == 1
    meta_of(clips[1], None)  # its shard could not tell, and is through with it
    assert missing() == 0
    meta_of(clips[1], fingerprint(clips[1]))
    (tmp_path / "b.mp4").unlink()
    assert missing() == 1


@pytest.mark.slow
def test_the_last_shard_writes_the_index_and_no_other_shard_is_changed(tmp_path):
    clips = []
    for k in range(5):
        (tmp_path / f"v{k}.avi").write_text("no video")
        clips.append(recording(tmp_path / f"v{k}.avi"))
    store = Store(tmp_path / "store")
    under_way = store.path(clips[1].id).with_name(f".tmp-v1.avi-{os.getpid()}")
    under_way.mkdir(parents=True)
    (under_way / "face.npy").write_bytes(b"half")
    first = prepare(clips, store.root, workers=1, progress=False, shard="1/2")
    assert first["id"].tolist() == [clips[k].id for k in (0, 2, 4)]
    assert first.attrs["n_missing"] == 2
    assert store.ids("failed") == first["id"].tolist()
    assert (under_way / "face.npy").read_bytes() == b"half"
    assert not (store.root / "index.parquet").exists()
    second = prepare(clips, store.root, workers=1, progress=False, shard="2/2")
    assert second["id"].tolist() == [clips[k].id for k in (1, 3)]
    assert second.attrs["n_missing"] == 0 and not under_way.exists()
    assert pd.read_parquet(store.root / "index.parquet")["id"].tolist() == [r.id for r in clips]


WRITE_OFTEN = """
import shutil, sys
from rppg.datasets import Store
store = Store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(40):
    store.write_index()
"""


@pytest.mark.slow
def test_several_write_the_index_at_the_same_moment(tmp_path):
    for k in range(5):
        write(tmp_path, f"demo/ann/v{k}")
        path = Store(tmp_path).path(f"demo/ann/v{k}")
        atomic.older(path).mkdir()  # all of them will want to remove these
        for name in (*"abcdefgh", "recording.json"):
            (atomic.older(path) / name).write_text("old")
    fail(tmp_path, "demo/bob/v")
    command = [sys.executable, "-c", WRITE_OFTEN, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    writers = [subprocess.Popen(command, text=True, **pipes) for _ in range(3)]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors
    found = tree(tmp_path)
    assert not any("/.old-" in name or ".tmp-" in name for name in found)
    Store(tmp_path).write_index()
    assert tree(tmp_path) == found


def test_a_recording_that_is_finished_while_the_index_is_written_is_in_it(tmp_path, monkeypatch):
    write(tmp_path, "demo/ann/v")
    fail(tmp_path, "demo/ann/w")
    to_parquet, times = pd.DataFrame.to_parquet, []

    def and_another(table, *arguments, **options):
        times.append(1)
        if len(times) == 1:
            write(tmp_path, "demo/bob/v")
        return to_parquet(table, *arguments, **options)

    monkeypatch.setattr(pd.DataFrame, "to_parquet", and_another)
    index = pd.read_parquet(Store(tmp_path).write_index())
    assert index["id"].tolist() == ["demo/ann/v", "demo/ann/w", "demo/bob/v"] and len(times) == 2


def test_temporary_files_of_running_processes_stay_and_others_are_removed(tmp_path, monkeypatch):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    monkeypatch.setattr(atomic.platform, "node", lambda: "here")
    parts = {"dead": f"{gone.pid}@here", "at work": f"{os.getppid()}@here", "far": "1234567@there"}
    for pid in parts.values():
        (tmp_path / f".tmp-index.parquet-{pid}").write_text("half")
    atomic.atomic_write(tmp_path / "index.parquet", lambda part: part.write_text("whole"))
    left = {path.name for path in tmp_path.iterdir()}
    living = {f".tmp-index.parquet-{parts[word]}" for word in ("at work", "far")}
    assert left == {"index.parquet", *living}


SHARD = """
import sys
from rppg.datasets import read
from rppg.preprocessing.prepare import prepare
if __name__ == "__main__":
    prepare(read("folder", sys.argv[1]), sys.argv[2], int(sys.argv[3]), shard=sys.argv[4])
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for k in range(N_CLIPS - 1):
        write_clip(folder / f"clip{k}.mp4", seconds=6.0, fps=20.0 + k, hr_bpm=60 + 10 * k)
    (folder / "clip10.avi").write_text("no video")
    (folder / "shard.py").write_text(SHARD)
    return folder


def start(data, store, workers, shard):
    command = [sys.executable, data / "shard.py", data, store, workers, shard]
    return subprocess.Popen(
        [str(word) for word in command],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )


def finish(process):
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


@pytest.fixture(scope="module")
def straight(data, tmp_path_factory):
    """What one call with two workers writes."""
    store = tmp_path_factory.mktemp("straight") / "store"
    finish(start(data, store, workers=2, shard="1/1"))
    found = digests(store)
    assert len(found) == 4 * (N_CLIPS - 1) + 1 + 1  # three arrays, JSON; one failure; the index
    return found


@pytest.mark.slow
def test_two_shards_at_once_give_the_bytes_of_one_call(data, straight, tmp_path):
    shards = [start(data, tmp_path / "store", workers=1, shard=f"{i}/2") for i in (1, 2)]
    for process in shards:
        finish(process)
    assert digests(tmp_path / "store") == straight


@pytest.mark.slow
def test_a_shard_killed_in_the_middle_and_run_again_gives_the_bytes_of_one_call(
    data, straight, tmp_path
):
    store = tmp_path / "store"
    killed = start(data, store, workers=1, shard="1/2")
    wait_for(lambda: half_done(store))
    other = start(data, store, workers=1, shard="2/2")
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=60)
    finish(other)
    done = {name: digest for name, digest in digests(store).items() if ".tmp-" not in name}
    assert done.items() < straight.items() and "index.parquet" not in done
    assert set(Store(store).index()["id"]) < {r.id for r in read("folder", data)}
    finish(start(data, store, workers=1, shard="1/2"))
    assert digests(store) == straight
