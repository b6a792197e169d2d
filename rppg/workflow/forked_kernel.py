"""A notebook's kernel as a copy of the process that runs the notebook, not as a command.

The copy is made before the process has a second thread, and waits for what Jupyter would start:

    kernel = WaitingKernel()
    if kernel.pid == 0:      # in the copy
        sys.exit(kernel.run())
    papermill.execute_notebook(..., kernel_manager_class=kernel.manager_class())

See `rppg.workflow.warm_start` for what that is good for.
"""

import json
import os
import signal
import socket
import sys

from jupyter_client import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

LAUNCHER = "ipykernel_launcher"  # the module that kernel.json names


class WaitingKernel:
    """A child that becomes a kernel when told how; it ends if that never happens.

    pid: of the child; 0 in the child.
    """

    def __init__(self):
        ours, theirs = socket.socketpair()
        self.pid = os.fork()
        self.socket = theirs if self.pid == 0 else ours
        (ours if self.pid == 0 else theirs).close()

    def run(self) -> int:
        """In the child: wait, then be the kernel until it is shut down; returns exit status 0."""
        with self.socket.makefile(encoding="utf-8") as file:
            text = file.readline()
        self.socket.close()
        if not text:
            return 0
        given = json.loads(text)
        os.setsid()  # as Jupyter starts kernels: signals for one reach its workers, too
        os.chdir(given["cwd"])
        os.environ.clear()
        os.environ.update(given["env"])
        owner = f"--IPKernelApp.parent_handle={os.getppid()}"  # it ends with the notebook's process
        sys.argv = [LAUNCHER, *given["arguments"], owner]
        from ipykernel.kernelapp import launch_new_instance

        launch_new_instance()
        return 0

    def start(self, command: list[str], env: dict[str, str], cwd: str) -> None:
        """Tell the child the command of IPython's kernel, with its connection file."""
        arguments = command[command.index(LAUNCHER) + 1 :]
        text = json.dumps({"arguments": arguments, "env": dict(env), "cwd": str(cwd)})
        self.socket.sendall(text.encode() + b"\n")
        self.socket.close()

    def manager_class(self) -> type[AsyncKernelManager]:
        """A class of managers of this one kernel, for nbclient."""
        return type("WaitingKernelManager", (_Manager,), {"kernel": self})


class _Manager(AsyncKernelManager):
    kernel: WaitingKernel

    async def _async_pre_start_kernel(self, **kwargs):
        if self.provisioner is None:
            self.provisioner = _Provisioner(
                kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self
            )
        return await super()._async_pre_start_kernel(**kwargs)


class _Provisioner(LocalProvisioner):
    async def launch_kernel(self, cmd, *, env, cwd=None, **kwargs):
        """Start the waiting kernel in place of a command; another kernel than IPython's by it."""
        if LAUNCHER not in cmd:
            return await super().launch_kernel(cmd, env=env, cwd=cwd, **kwargs)
        kernel = self.parent.kernel
        kernel.start(cmd, env, cwd or os.getcwd())
        self.process = _Child(kernel.pid)
        self.pid = self.pgid = kernel.pid
        return self.connection_info


class _Child:
    """What LocalProvisioner uses of subprocess.Popen, for a child made by fork."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int):
        self.pid, self.returncode = pid, None

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self) -> int:
        if self.returncode is None:
            _, status = os.waitpid(self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
