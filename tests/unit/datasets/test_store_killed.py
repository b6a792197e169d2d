"""The store's writer is killed before each of its file operations in turn, and nothing is lost."""

import os
import shutil
import signal
import sys

import pytest
from helpers.store import ID, tree, write

from rppg.datasets.store import Store

EVENTS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree"}


def killed_at(event: int, action) -> bool:
    """Run action in a child that is killed (SIGKILL) before its file operation of that number."""
    pid = os.fork()
    if pid:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert code in (0, -signal.SIGKILL)
        return code != 0
    count = 0

    def hook(name, arguments):
        nonlocal count
        count += name in EVENTS
        if name in EVENTS and count > event:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    signal.alarm(30)
    try:
        action()
        os._exit(0)
    finally:
        os._exit(1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.slow
@pytest.mark.parametrize(
    "replacing",
    [pytest.param(False, id="new"), pytest.param(True, id="replacing")],
)
def test_killed_at_any_file_operation_then_again_gives_the_same_bytes(tmp_path, replacing):
    straight = tmp_path / "straight"
    write(straight, version=2)
    Store(straight).write_index()
    for event in range(1000):
        root = tmp_path / str(event)
        if replacing:
            write(root, version=1)
        died = killed_at(
            event, lambda root=root: (write(root, version=2), Store(root).write_index())
        )
        store = Store(root)
        found = store.meta(ID)
        assert found is not None or not replacing, f"event {event}: nothing complete is left"
        if found is not None:
            version = {"v1": 1, "v2": 2}[found["fingerprint"]]
            assert (store.open(ID).face == version).all() and (store.open(ID).bvp == version).all()
            assert store.ids() == [ID] and len(store.index()) == 1
        if found is None or found["fingerprint"] != "v2":  # as `prepare` does when it resumes
            write(root, version=2)
        store.write_index()
        assert tree(root) == tree(straight), f"event {event}"
        if not died:
            break
    assert event > 20


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_half_removed_older_copy_is_never_taken_for_a_complete_one(tmp_path):
    for event in range(1000):
        root = tmp_path / str(event)
        write(root, version=1)
        target = Store(root).path(ID)
        target.rename(target.with_name(f".old-{target.name}"))
        os.mkdir(target)
        (target / "recording.json").write_text("{}")
        died = killed_at(event, Store(root).write_index)
        shutil.rmtree(target)
        if Store(root).meta(ID) is not None:
            assert (Store(root).open(ID).bvp == 1).all() and (Store(root).open(ID).face == 1).all()
        if not died:
            break
    assert event > 5
