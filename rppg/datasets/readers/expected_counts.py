"""What is published of a dataset, and how that which was found differs from it.

>>> facts = Published(recordings=59, subjects=10, fps=30, source="Stricker et al. 2014")
>>> facts.difference(recordings=3, subjects={"01", "02"})
'3 recordings of 2 subjects found, 59 of 10 published'
>>> Published(2, 2, 30, "a paper", ("01", "02")).difference(2, {"01", "07"})
'subjects missing: 02; not published: 07'
"""

from collections.abc import Collection
from dataclasses import dataclass

from rppg.datasets.readers.parsing import natural

SHOWN = 8  # so many subjects are named


@dataclass(frozen=True)
class Published:
    """Counts of a dataset as its paper, its readme or public loaders have them."""

    recordings: int | None  # None: not published, or differs between copies
    subjects: int | None
    fps: float | None  # nominal frames a second; None where it differs from clip to clip
    source: str  # where these facts stand
    names: tuple[str, ...] = ()  # all subjects' ids, where they are published

    def difference(self, recordings: int, subjects: Collection[str]) -> str:
        """One readable line on what differs; "" where nothing does."""
        parts = []
        wanted = (self.recordings or recordings, self.subjects or len(subjects))
        if (recordings, len(subjects)) != wanted:
            found = f"{recordings} recordings of {len(subjects)} subjects found"
            parts.append(f"{found}, {self.counts()} published")
        if self.names:
            missing, strange = {*self.names} - {*subjects}, {*subjects} - {*self.names}
            parts += [f"subjects missing: {_some(missing)}"] if missing else []
            parts += [f"not published: {_some(strange)}"] if strange else []
        return "; ".join(parts)

    def counts(self) -> str:
        """Published recordings and subjects, as "59 of 10", and ? for what is not."""
        recordings = "?" if self.recordings is None else self.recordings
        return f"{recordings} of {'?' if self.subjects is None else self.subjects}"


def _some(subjects: Collection[str]) -> str:
    names = sorted(subjects, key=natural)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
