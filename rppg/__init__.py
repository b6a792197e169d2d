"""rppg: heart rate from face video, learned without labels.

The folders are the stages of a video-to-signal project: `datasets` (what is recorded and where it
is kept), `preprocessing` (pixels to traces), `signals` (waves to heart rate), `dataloader`,
`losses`, `models` and `training` (what learns), `inference` and `evaluation` (predictions and
their scores), `plotting`, `workflow` (profiles and the graph of stages), `synthetic` (faces with a
known pulse) and `studies`.  The notebooks and the `rppg` command put them together.
"""

__version__ = "0.1.0"
