"""Notebooks that begin in a copy of a process with their packages imported."""

import json
import os
import platform
import signal
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from helpers.runner import toy_project, until, write_notebook

from rppg.workflow import warm_start
from rppg.workflow.processes import OWNER, start_time
from rppg.workflow.stage import RUN, Stage
from rppg.workflow.warm_start import NAMES, THREADS, WarmProcess, warm_process, warm_servers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux alone")
SHOWS = """import os, sys, matplotlib, multiprocessing
import matplotlib.pyplot as plt
print(os.getcwd(), os.environ['MINE'], os.environ['OMP_NUM_THREADS'], __name__)
print('to stderr', file=sys.stderr)
os.write(1, b'written by the kernel\\n')
with multiprocessing.get_context('spawn').Pool(1) as pool:
    print(pool.map(abs, [-3]), matplotlib.get_backend())
plt.plot([1, 2]); plt.show()"""
SLOW = """from pathlib import Path
Path('kernel').write_text(str(os.getpid()))
time.sleep(600)"""
DRAWS = """import numpy
with open('drawn', 'a') as file:
    file.write(f'{numpy.random.rand()}\\n')"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = toy_project(tmp_path_factory.mktemp("warm") / "project")
    write_notebook(folder, "02_shows", "size: int = 3\nrun_dir: str = ''", SHOWS)
    write_notebook(folder, "03_fails", "size: int = 3", "raise ValueError(f'size {size}')")
    write_notebook(folder, "04_ends", "size: int = 3", "import os; os._exit(3)")
    write_notebook(folder, "05_slow", "size: int = 3", f"import os, time\n{SLOW}")
    write_notebook(folder, "06_draws", "size: int = 3", f"{DRAWS}\n# from rppg")
    return folder


def stages(*threads: int) -> list[Stage]:
    return [Stage("net", "net", "toy", RUN, notebook="02_shows", threads=n) for n in threads]


@pytest.fixture(scope="module")
def environment(project):
    """Of a job with one thread."""
    path = os.pathsep.join(filter(None, [str(project), os.environ.get("PYTHONPATH")]))
    own = {"MINE": "mine", THREADS: "1", "PYTHONPATH": path}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        with warm_servers(project, stages(1, 1, 2), cores=2) as names:
            yield os.environ | own | names


def words(name: str, size: int = 3) -> list[str]:
    parameters = json.dumps({"size": size})
    return [f"notebooks/{name}.ipynb", f"out/{name}.ipynb", "--parameters", parameters]


def by_command(project: Path, environment: dict, name: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "rppg.workflow.notebook", *words(name)]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)


def outputs(project: Path, name: str) -> list:
    """Of all cells, without the addresses of objects and the figures' bytes."""
    found = []
    for cell in nbformat.read(project / "out" / f"{name}.ipynb", 4).cells[1:]:
        for one in cell.outputs:
            data = one.get("data", {})
            found.append((one.output_type, one.get("name"), one.get("text"), sorted(data)))
    return found


@pytest.mark.slow
def test_a_copy_does_what_a_command_does(project, environment, capfd):
    done = by_command(project, environment, "02_shows")
    assert done.returncode == 0, done.stderr
    expected = outputs(project, "02_shows")
    (project / "out" / "02_shows.ipynb").unlink()
    process = warm_process(project, words("02_shows"), environment)
    assert isinstance(process, WarmProcess) and process.wait() == 0
    found = outputs(project, "02_shows")
    assert found == expected
    assert [kind for kind, *_ in found] == ["stream", "stream", "display_data"]
    assert f"{project} mine 1 __main__" in found[0][2]
    assert "to stderr" in capfd.readouterr().err and "to stderr" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "says"), [("03_fails", "ValueError: size 7"), ("04_ends", "Kernel died")]
)
def test_a_notebook_that_fails_says_so_and_the_next_one_runs(
    project, environment, capfd, name, says
):
    assert warm_process(project, words(name, 7), environment).wait() == 1
    assert says in capfd.readouterr().err
    assert warm_process(project, words("02_shows"), environment).wait() == 0


@pytest.mark.slow
def test_a_stopped_one_takes_its_kernel_along(project, environment):
    process = warm_process(project, words("05_slow"), environment)
    mark = project / "kernel"
    assert until(mark.exists)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait() == 1
    assert until(lambda: not Path("/proc", mark.read_text()).exists())


@pytest.mark.slow
def test_a_server_ends_with_its_owner_and_ends_what_it_began(project, environment):
    body = f"import os, sys, time; sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
    body += "from pathlib import Path\nfrom unit.workflow.test_warm_start import *\n"
    body += f"project = Path({str(project)!r})\n"
    body += "with warm_servers(project, stages(1, 1), 2) as names:\n"
    body += "    given = os.environ | names | {THREADS: '1'}\n"
    body += "    warm_process(project, words('05_slow'), given)\n"
    body += "    (project / 'owner').touch(); time.sleep(600)\n"
    mark, owner = project / "kernel", project / "owner"
    mark.unlink(missing_ok=True)
    process = subprocess.Popen([sys.executable, "-c", body], env=environment, cwd=project)
    assert until(lambda: mark.exists() and mark.read_text() and owner.exists())
    process.kill()
    process.wait()
    assert until(lambda: not Path("/proc", mark.read_text()).exists())


@pytest.mark.slow
def test_the_end_of_the_block_ends_a_copy_and_its_kernel(project, environment):
    mark = project / "kernel"
    mark.unlink(missing_ok=True)
    with warm_servers(project, stages(1, 1), cores=2) as names:
        process = warm_process(project, words("05_slow"), environment | names)
        assert until(lambda: mark.exists() and mark.read_text())
    assert process.wait() == 1
    assert until(lambda: not Path("/proc", mark.read_text()).exists(), 5.0)


@pytest.mark.slow
def test_a_copy_ends_with_the_owner_of_the_run_though_its_server_has_not(project, environment):
    owner = subprocess.Popen(["sleep", "600"])
    named = {OWNER: f"{owner.pid} {start_time(owner.pid)} {platform.node()}"}
    mark = project / "kernel"
    mark.unlink(missing_ok=True)
    process = warm_process(project, words("05_slow"), environment | named)
    assert until(lambda: mark.exists() and mark.read_text())
    owner.kill()
    owner.wait()
    assert process.wait() == 1
    assert until(lambda: not Path("/proc", mark.read_text()).exists(), 5.0)


@pytest.mark.slow
def test_copies_do_not_draw_the_same_numbers(project, environment):
    books = [Stage("net", "net", "toy", RUN, notebook="06_draws")] * 2
    with warm_servers(project, books, cores=2) as names:
        for _ in books:
            assert warm_process(project, words("06_draws"), environment | names).wait() == 0
    assert len(set((project / "drawn").read_text().split())) == 2


@pytest.mark.slow
def test_a_copy_that_has_lost_the_gpu_is_replaced_by_a_command(project, environment, tmp_path):
    (tmp_path / "torch.py").write_text(
        "class cuda:\n    _is_in_bad_fork = staticmethod(lambda: True)\n"
    )
    code = "import os, sys, torch\nsys.argv = ['', *sys.argv[2:]]\n"
    code += "from rppg.workflow import warm_start; sys.exit(warm_start.main())"
    listener, (theirs, ours) = socket.socket(socket.AF_UNIX), os.pipe()
    listener.bind(f"\0{tmp_path}")
    listener.listen()
    fds = listener.fileno(), theirs
    command = [sys.executable, "-c", code, "", *map(str, fds)]
    path = os.pathsep.join([str(tmp_path), environment["PYTHONPATH"]])
    server = subprocess.Popen(command, pass_fds=fds, env=environment | {"PYTHONPATH": path})
    names = {NAMES: json.dumps({"1": f"\0{tmp_path}"})}
    assert warm_process(project, words("02_shows"), environment | names) is None
    os.close(ours)
    os.close(theirs)
    listener.close()
    server.kill()
    server.wait()


@pytest.mark.slow
def test_a_server_that_has_ended_is_replaced_by_a_command(project):
    with warm_servers(project, stages(1, 1), cores=2) as names:
        pass
    assert warm_process(project, words("02_shows"), os.environ | names | {THREADS: "1"}) is None


def test_there_is_a_server_for_threads_that_several_stages_use(project, monkeypatch):
    begun = []
    monkeypatch.setattr(warm_start, "_start", lambda *given: begun.append(given[2:]) or _nothing())
    with warm_servers(project, stages(1, 2, 4), cores=2) as names:
        assert begun == [(2, False)] and list(json.loads(names[NAMES])) == ["2"]
    with warm_servers(project, stages(1), cores=2) as names:
        assert json.loads(names[NAMES]) == {}
    assert warm_process(project, words("02_shows"), {THREADS: "2"} | names) is None
    assert warm_process(project, words("02_shows"), {}) is None
    monkeypatch.setattr(warm_start.sys, "platform", "darwin")
    with warm_servers(project, stages(1, 1), cores=2) as names:
        assert json.loads(names[NAMES]) == {}


def test_another_user_s_request_is_refused(monkeypatch):
    one, other = socket.socketpair()
    with one, other:
        assert warm_start._is_own_user(one)
        monkeypatch.setattr(os, "getuid", lambda: 4321)
        assert not warm_start._is_own_user(one)


def _nothing():
    return subprocess.Popen(["true"]), os.open(os.devnull, os.O_RDONLY)
