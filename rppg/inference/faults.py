"""Whose fault an error is: that of one video or method, or that of the machine.

    try:
        traces = extract(recording)
    except Exception as error:
        reason = reason_of(error, "face.mp4")  # one line; MachineFault if the machine is at fault

A full disk, too little memory or a package that cannot be imported would fail every video after
this one too, so they end a batch; whatever else happens is a reason in the row of its video.
"""

from rppg.datasets.store import StoreError
from rppg.preprocessing.faults import MachineFault, machine_fault_text

__all__ = ["MachineFault", "reason_of"]


def reason_of(error: Exception, video: str) -> str:
    """One line on an error that one video or one method has; an unforeseen one with its type.

    Raises MachineFault if no other video could be done either.
    """
    if isinstance(error, MachineFault):
        raise error
    text = " ".join(str(error).split())
    if isinstance(error, StoreError):  # of the temporary store
        raise MachineFault(f"{video}: {text}; TMPDIR names the folder for temporary files")
    if fault := machine_fault_text(error):
        raise MachineFault(f"{video}: {fault}") from error
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return text if isinstance(error, ValueError | OSError) else f"{type(error).__name__}: {text}"
