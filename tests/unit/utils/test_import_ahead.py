"""Modules imported in a thread: they are there afterwards, and a failure is raised where used."""

import importlib
import sys
import threading

import pytest

from rppg.utils.import_ahead import import_ahead


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module that can be imported, once, in this test."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, text: str) -> str:
        (tmp_path / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        return name

    yield write
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


def test_the_modules_are_imported_by_another_thread(module):
    names = [module(n, "import threading\nby = threading.get_ident()") for n in ("one_a", "one_b")]
    import_ahead(names).join()
    assert all(sys.modules[name].by != threading.get_ident() for name in names)


def test_the_caller_does_not_wait(module):
    name = module("waits", "import sys\nsys.modules['the_gate'].wait(60)")
    sys.modules["the_gate"] = gate = threading.Event()
    thread = import_ahead([name])
    assert thread.is_alive()
    gate.set()
    thread.join()
    del sys.modules["the_gate"]
    assert name in sys.modules


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_module_that_cannot_be_imported_raises_where_it_is_used(module):
    name = module("broken", "raise ImportError('no library')")
    import_ahead([name]).join()
    with pytest.raises(ImportError, match="no library"):
        importlib.import_module(name)
