"""rppg: heart rate from face video, learned without labels.

    import rppg

    rppg.heart_rate("face.mp4").bpm            # also frames, colours or a wave in memory
    rppg.pulse("face.mp4").wave                # the pulse wave
    rppg.mstmap("face.mp4").mstmap             # colours of 63 combinations of face regions
    rppg.load_model("st_transformer")          # a trained net, for method=
    rppg.load_dataset("data/UBFC-rPPG")        # recordings with their labels
    rppg.Stream()                              # frames in as they come, rates out

Errors are `rppg.RppgError` and its subclasses.  Nothing is imported before it is asked for.

The folders are the stages of a video-to-signal project: `datasets` (what is recorded and where it
is kept), `preprocessing` (pixels to traces), `signals` (waves to heart rate), `dataloader`,
`losses`, `models` and `training` (what learns), `inference` and `evaluation` (predictions and
their scores), `plotting`, `workflow` (profiles and the graph of stages), `synthetic` (faces with a
known pulse), `studies`, and `api` (the names above).  The notebooks and the `rppg` command put them
together.
"""

from importlib import import_module

__version__ = "0.1.0"

_PLACES = {
    **dict.fromkeys(("heart_rate", "pulse", "mstmap", "Map"), "rppg.api.answers"),
    **dict.fromkeys(("Pulse", "Result"), "rppg.api.result"),
    **dict.fromkeys(("load_model", "Model"), "rppg.api.models"),
    "load_dataset": "rppg.api.datasets",
    **dict.fromkeys(("Stream", "Rate"), "rppg.inference.stream"),
    **dict.fromkeys(
        ("RppgError", "InputError", "NoHeartRateError", "MissingModelError"), "rppg.utils.errors"
    ),
    "VideoError": "rppg.preprocessing.video_writer",
    "NoFaceError": "rppg.preprocessing.face_detector",
    "MachineFault": "rppg.preprocessing.faults",
}
__all__ = ["__version__", *_PLACES]


def __getattr__(name: str):
    """A name of the API, imported when it is first used."""
    if name not in _PLACES:
        raise AttributeError(f"module 'rppg' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_PLACES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
