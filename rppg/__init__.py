"""rppg: heart rate from face video, learned without labels.

Rooms: `recordings` (what is recorded), `vision` (pixels to traces), `signals` (waves to heart
rate), `learning` (predictions), `contest` (what is handed in), `synthetic` (faces with a known
pulse).  The notebooks and the `rppg` command put them together.
"""

__version__ = "0.1.0"
