"""Simulated clips: MSTmaps, small crops, the contact PPG and the true rate, block by block.

    >>> config = TraceConfig(seed=0, n_clips=100, seconds=10.0)
    >>> block = simulate_block(config, number=0)  # clips 0 to 15
    >>> block.maps.shape, block.bvp.shape, block.hr_bpm.shape
    ((16, 300, 63, 6), (16, 300), (16,))

A clip's bytes depend on the seed, its number, the length and the pulse's scale only: blocks always
have BLOCK clips, which share the nominal frame rate and cover heart rates, tones and severities
evenly, and each block has its own generators.
"""

import math
from dataclasses import dataclass

import numpy as np

from rppg.datasets.prepared import FPS
from rppg.synthetic.traces.camera import Camera, draw_camera, filmed, pixel_counts
from rppg.synthetic.traces.crops import CROPS, crop_frames
from rppg.synthetic.traces.maps import combined, draw_visible
from rppg.synthetic.traces.reflection import reflected
from rppg.synthetic.traces.scene import Scene, draw_scene
from rppg.synthetic.traces.surface import REGION_SURFACE
from rppg.synthetic.traces.timing import Timing, draw_timing, grid_s, to_grid

BLOCK = 16
SHORTEST_S, LONGEST_S = 3.0, 120.0
SCENE, REGIONS, CELLS = 0, 1, 2  # purpose of a generator


@dataclass(frozen=True)
class TraceConfig:
    """What is simulated.  Raises ValueError for invalid values."""

    seed: int = 0
    n_clips: int = 1000
    seconds: float = 10.0
    pulse_amplitude_scale: float = 1.0  # 0: the null control, clips without a pulse
    crops: tuple[str, ...] = ()  # of CROPS, beside the map

    def __post_init__(self):
        if self.n_clips < 1 or self.seed < 0 or not 0 <= self.pulse_amplitude_scale < math.inf:
            found = f"{self.n_clips} clips, seed {self.seed}, pulse {self.pulse_amplitude_scale}"
            raise ValueError(f"{found}: expected 1 clip or more, a seed and a pulse from 0 up")
        if not SHORTEST_S <= self.seconds <= LONGEST_S:
            limits = f"{SHORTEST_S:g} to {LONGEST_S:g} s"
            raise ValueError(f"clips of {self.seconds} s: expected {limits}")
        if not set(self.crops) <= set(CROPS) or isinstance(self.crops, str):
            raise ValueError(f"crops {self.crops!r}: expected of {', '.join(CROPS)}")

    @property
    def n_blocks(self) -> int:
        """Blocks that hold the clips; the last one may hold more than are needed."""
        return -(-self.n_clips // BLOCK)


@dataclass(frozen=True)
class Block:
    """BLOCK clips of T frames at 30 fps."""

    maps: np.ndarray  # (B, T, 63, 6) float32
    bvp: np.ndarray  # (B, T) float32, positive for more blood
    hr_bpm: np.ndarray  # (B,)
    scene: Scene
    camera: Camera
    timing: Timing
    seed: tuple[int, int]

    def crops(self, name: str, clips: list[int]) -> np.ndarray:
        """Crops (len(clips), T, side, side, 3) uint8 of some clips; name: of CROPS."""
        rng = np.random.default_rng([*self.seed, CELLS, list(CROPS).index(name)])
        at_s = grid_s(self.bvp.shape[1] / FPS)
        return crop_frames(rng, name, self.scene, self.camera, self.timing.stamps_s, at_s)[clips]

    def facts(self, clip: int) -> dict:
        """What was drawn for a clip, as plain numbers, for recording.json."""
        scene, camera = self.scene, self.camera
        drawn = {
            "severity": scene.severity,
            "tone": scene.people.tone,
            "pulse": scene.people.pulse,
            "nod_rad": scene.motion.nod_rad,
            "nod_bpm": 60 * scene.motion.nod_hz,
            "speech": scene.motion.mouth.max(axis=1),
            "light_rhythm": scene.lamps.flicker,
            "light_rhythm_bpm": 60 * scene.lamps.flicker_hz,
            "shadow": scene.lamps.shadow_depth,
            "face_px": camera.face_px,
            "pixel_noise": camera.noise,
            "codec_step": camera.step_yuv[:, 0],
            "keyframe_size": camera.key_size,
        }
        return {name: round(float(values[clip]), 5) for name, values in drawn.items()}


def simulate_block(config: TraceConfig, number: int, calm: bool = False) -> Block:
    """Block `number` of the clips, from 0.  calm: 30 fps, and disturbances of strength 0."""
    seed = config.seed, number
    rng = np.random.default_rng([*seed, SCENE])
    timing = draw_timing(rng, BLOCK, config.seconds, calm)
    scene = draw_scene(rng, timing.taken_s, config.seconds, config.pulse_amplitude_scale, calm)
    camera = draw_camera(rng, scene, timing.fps)
    at_s = grid_s(config.seconds)
    phase = scene.beats.phase(np.tile(at_s, (BLOCK, 1)))
    rng = np.random.default_rng([*seed, REGIONS])
    values = filmed(rng, reflected(scene, REGION_SURFACE), scene, camera, REGION_SURFACE)
    n_clips, n_colours, n_regions, n = values.shape
    means = to_grid(values.reshape(n_clips, n_colours * n_regions, n), timing.stamps_s, at_s)
    visible = draw_visible(rng, scene.severity, len(at_s), FPS)
    return Block(
        maps=combined(means, pixel_counts(camera, REGION_SURFACE), visible),
        bvp=scene.beats.wave(phase).astype(np.float32),
        hr_bpm=scene.beats.mean_hr_bpm(float(at_s[0]), float(at_s[-1])),
        scene=scene,
        camera=camera,
        timing=timing,
        seed=seed,
    )
