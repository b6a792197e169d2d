"""What ends a preparation: a fault of the machine, which no recording has and all would get.

>>> machine_fault(OSError(28, "No space left on device"), "demo/ann/v1").args[0][:48]
'demo/ann/v1: No space left on device: the disk i'
>>> machine_fault(ValueError("too short"), "demo/ann/v1")
"""

import errno

import cv2

from rppg.utils.errors import RppgError

MEMORY = "not enough memory; use fewer workers or close other programs"
LIBRARY = "a library cannot be loaded; free memory, or install requirements.lock again"
RESUMES = "what is prepared stays, and the same call goes on from there"
ADVICE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "the disk is full; make room"),
    errno.EFBIG: "a file may not become that long; raise the limit (ulimit -f)",
    errno.EROFS: "the disk is read-only; choose another folder",
    **dict.fromkeys((errno.EIO, errno.ESTALE), "a disk fails; check it and its mount"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "too many open files; raise the limit (ulimit)"),
    errno.ENOMEM: MEMORY,
}
TORCH_OUT_OF_MEMORY = ("can't allocate memory", "out of memory")  # it raises RuntimeError


class MachineFault(RppgError, RuntimeError):
    """The machine is at fault, not a recording: the run ends."""


def machine_fault(error: Exception, id: str) -> MachineFault | None:
    """The error that ends the run, with what to do; None if the recording is at fault."""
    if isinstance(error, MachineFault):
        return error
    if text := machine_fault_text(error):
        return MachineFault(f"{id}: {text}; {RESUMES}")
    return None


def machine_fault_text(error: Exception) -> str | None:
    """What happened and what to do, in one line, if the machine is at fault, else None."""
    advice = _advice(error)
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{' '.join(text.split())}: {advice}" if advice else None


def _advice(error: Exception) -> str | None:
    if isinstance(error, MemoryError):
        return MEMORY
    if isinstance(error, ImportError):
        return LIBRARY
    if isinstance(error, OSError):
        return ADVICE.get(error.errno)
    if isinstance(error, cv2.error):
        return MEMORY if error.code == cv2.Error.StsNoMem else None
    is_torch = isinstance(error, RuntimeError)
    return MEMORY if is_torch and any(text in str(error) for text in TORCH_OUT_OF_MEMORY) else None
