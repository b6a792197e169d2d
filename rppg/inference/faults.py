"""Whose fault an error is: that of one video or method, or that of the machine.

    try:
        traces = extract(recording)
    except Exception as error:
        reason = reason_of(error, "face.mp4")  # one line; MachineFault if the machine is at fault

A full disk, too little memory or a package that cannot be imported would fail every video after
this one too, so they end a batch; whatever else happens is a reason in the row of its video.
"""

import errno

from rppg.datasets.store import StoreError

DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
FILES = {errno.EMFILE, errno.ENFILE}
NO_MEMORY = ("allocate memory", "not enough memory", "out of memory", "insufficient memory")


class MachineFault(RuntimeError):
    """The machine is at fault, not a video: says what happened and what to do."""


def reason_of(error: Exception, video: str) -> str:
    """One line on an error that one video or one method has; an unforeseen one with its type.

    Raises MachineFault if no other video could be done either.
    """
    if isinstance(error, MachineFault):
        raise error
    if advice := machine_fault(error):
        raise MachineFault(f"{video}: {advice}") from error
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    text = " ".join(str(error).split())
    return text if isinstance(error, ValueError | OSError) else f"{type(error).__name__}: {text}"


def machine_fault(error: Exception) -> str | None:
    """What happened and what to do if the machine is at fault, else None."""
    text, number = " ".join(str(error).split()), getattr(error, "errno", None)
    if isinstance(error, StoreError) or number in DISK:
        return f"the disk is full or read-only ({text}): free space, or set TMPDIR"
    if number in FILES:
        return f"too many open files ({text}): raise the limit, `ulimit -n`"
    foreseen = isinstance(error, ValueError | OSError)
    said = not foreseen and any(words in text.lower() for words in NO_MEMORY)
    if isinstance(error, MemoryError) or number == errno.ENOMEM or said:
        return f"out of memory ({text or 'MemoryError'}): end other programs, or cut the video"
    if isinstance(error, ImportError):
        return f"a package cannot be imported ({text}): install requirements.lock again"
    return None
