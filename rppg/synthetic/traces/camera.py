"""What a camera makes of linear light, for many clips at once: display values of 0-255.

Exposure and white-balance control with lag and steps, clipped highlights, the sRGB curve, noise by
the number of pixels, the wobble of a region's outline, repeated frames, quantisation and keyframe
pulsing of a codec in Y, U and V, smoothing over time.

    >>> camera = draw_camera(rng, scene, fps=30.0)  # doctest: +SKIP
    >>> values = filmed(rng, reflected(scene, REGION_SURFACE), scene, camera, REGION_SURFACE)
    ... # doctest: +SKIP
    >>> values.shape  # doctest: +SKIP
    (16, 3, 6, 300)
"""

from dataclasses import dataclass

import numpy as np

from rppg.preprocessing.mstmap import YUV_FROM_RGB
from rppg.synthetic.traces.courses import between, drifts, log_between, normal, sometimes
from rppg.synthetic.traces.scene import Scene
from rppg.synthetic.traces.surface import HALF_HEIGHT, Surface

LUMA = np.float32((0.2126, 0.7152, 0.0722))  # of linear light
TO_YUV = YUV_FROM_RGB.astype(np.float32)
TO_RGB = np.linalg.inv(YUV_FROM_RGB).astype(np.float32)
KNEE = np.float32(0.12)  # half width of the range in which a region's highlights clip, linear
BRIGHTEST, DARK = np.float32(0.98), np.float32(0.0035)
TYPICAL_PX = 600.0  # pixels of a region for which the codec's errors are given


@dataclass(frozen=True)
class Camera:
    """One camera, its settings and its codec per clip; sizes are display values."""

    face_px: np.ndarray  # (B,) width of the face
    exposure: np.ndarray  # (B,) relative to a face as bright as its tone looks
    control: np.ndarray  # (B, 4) strength of exposure control and of white balance, R G B
    control_s: np.ndarray  # (B, 4) their time constants
    control_step: np.ndarray  # (B, 1) of the exposure's logarithm; 0: smooth
    white_balance: np.ndarray  # (B,) share of the light's colour that it takes away
    curve: np.ndarray  # (B,) exponent of linear light before the sRGB curve
    noise: np.ndarray  # (B,) of one pixel
    alike_px: np.ndarray  # (B,) neighbouring pixels with the same noise
    common: np.ndarray  # (B,) noise of the whole picture
    wobble: np.ndarray  # (B,) of regions whose outlines move
    step_yuv: np.ndarray  # (B, 3) quantisation of a region's mean
    keyframes: np.ndarray  # (B,) frames from one to the next
    key_size: np.ndarray  # (B,) error after a keyframe
    key_fade: np.ndarray  # (B,) frames in which it fades
    smooth: np.ndarray  # (B,) share of the frame before that stays
    repeated: np.ndarray  # (B,) share of frames that are shown twice


def draw_camera(rng, scene: Scene, fps: float) -> Camera:
    """Cameras of a block."""
    n, bad = len(scene.severity), 0.1 + 1.1 * scene.severity
    has_control = rng.random((n, 1)) < np.float32((0.6, 0.4, 0.4, 0.4))
    control = has_control * between(rng, 0.2, 0.95, n, 1) * np.float32((1, 0.5, 0.5, 0.5))
    chroma = log_between(rng, 1, 4, n, 1) * np.float32((0, 1, 1)) + np.float32((1, 0, 0))
    return Camera(
        face_px=log_between(rng, 60, 420, n),
        exposure=np.exp(0.3 * normal(rng, n)),
        control=control.astype(np.float32),
        control_s=log_between(rng, 0.15, 4.0, n, 1) * np.float32((1, 2, 2, 2)),
        control_step=sometimes(rng, 0.3, 0.004, 0.04, n, 1),
        white_balance=between(rng, 0.2, 1.0, n),
        curve=between(rng, 0.85, 1.2, n),
        noise=log_between(rng, 0.5, 3.5, n) * bad,
        alike_px=log_between(rng, 1, 9, n),
        common=log_between(rng, 0.002, 0.03, n) * bad,
        wobble=log_between(rng, 0.05, 1.0, n) * bad,
        step_yuv=log_between(rng, 0.003, 0.4, n, 1) * chroma * bad[:, None] ** 2,
        keyframes=np.rint(log_between(rng, 8, 250, n)),
        key_size=sometimes(rng, 0.5, 0.01, 0.5, n) * bad,
        key_fade=log_between(rng, 1, 30, n) * np.float32(fps / 30),
        smooth=sometimes(rng, 0.3, 0.1, 0.6, n),
        repeated=sometimes(rng, 0.2 * bad, 0.003, 0.08, n),
    )


def filmed(rng, linear: np.ndarray, scene: Scene, camera: Camera, surface: Surface) -> np.ndarray:
    """Display values (B, 3, P, n), means over the pixels of each place, of linear light; which is
    overwritten."""
    linear *= _gains(linear, scene, camera)[:, :, None]
    values = displayed(linear, camera.curve)
    counts = pixel_counts(camera, surface)
    _add_noise(rng, values, scene.times_s, camera, counts)
    values = _repeat(rng, values, camera.repeated)
    values = _encode(rng, values, camera, counts)
    return _smooth(values, camera.smooth)


def pixel_counts(camera: Camera, surface: Surface) -> np.ndarray:
    """Pixels of the camera (B, P) in each place."""
    face = np.float32(np.pi / 4 * HALF_HEIGHT) * camera.face_px**2
    return np.maximum(np.rint(face[:, None] * surface.area), 1)


def displayed(linear: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """Display values, 0-255, of linear light (B, 3, P, n), 0-1: highlights clip softly, since a
    region is not equally bright everywhere, then a contrast curve (B,) and that of sRGB."""
    over = ((linear - (BRIGHTEST - KNEE)) / (2 * KNEE)).clip(0, 1)
    kept = np.minimum(linear - KNEE * over**2, BRIGHTEST).clip(DARK, None)
    np.log(kept, out=kept)  # a power by log and exp: four times as fast in NumPy
    kept *= (curve / 2.4).astype(np.float32)[:, None, None, None]
    np.exp(kept, out=kept)
    return kept * np.float32(255 * 1.055) - np.float32(255 * 0.055)


def _gains(linear: np.ndarray, scene: Scene, camera: Camera) -> np.ndarray:
    """Gains (B, 3, n) of exposure and white balance, fixed ones and those that follow the face."""
    face = linear.mean(axis=2)  # (B, 3, n)
    luma = np.einsum("c,bcn->bn", LUMA, face)
    skin = (scene.people.skin @ LUMA)[:, None]
    brighter = camera.exposure[:, None] * (0.35 / skin) ** 0.25  # dark faces are exposed longer
    cast = (face / luma[:, None]).mean(axis=2) / (scene.people.skin / skin)  # (B, 3)
    fixed = (
        skin * brighter / luma.mean(axis=1, keepdims=True) * cast ** -camera.white_balance[:, None]
    )
    course = np.log(np.concatenate([luma[:, None], face / luma[:, None]], axis=1))  # (B, 4, n)
    course = _followed(course, scene.times_s, camera)
    exposure = np.exp(-_stepped(course[:, :1], camera.control_step[..., None]))
    return fixed[..., None] * exposure * np.exp(-course[:, 1:])


def _followed(course: np.ndarray, times_s: np.ndarray, camera: Camera) -> np.ndarray:
    """Low-passed courses (B, 4, n) around their start, times the control's strength."""
    step_s = float(np.diff(times_s[0]).mean())
    share = (1 - np.exp(-step_s / camera.control_s)).astype(np.float32)
    course = np.ascontiguousarray(course.transpose(2, 0, 1))  # (n, B, 4)
    state, followed = course[0].copy(), np.empty_like(course)
    for frame, value in enumerate(course):
        state += share * (value - state)
        followed[frame] = state
    followed = (followed - followed[:1]) * camera.control
    return followed.transpose(1, 2, 0)


def _stepped(course: np.ndarray, step: np.ndarray) -> np.ndarray:
    return np.where(step > 0, np.rint(course / np.where(step > 0, step, 1)) * step, course)


def _add_noise(rng, values, times_s, camera: Camera, counts: np.ndarray) -> None:
    """Add noise by pixel count, of the whole picture, and of outlines that wobble, in place."""
    n_clips, _, n_places, n = values.shape
    size = camera.noise[:, None] * np.sqrt(camera.alike_px[:, None] / counts)  # (B, P)
    noise = rng.standard_normal(values.shape, dtype=np.float32)
    noise *= size[:, None, :, None]
    noise += camera.common[:, None, None, None] * normal(rng, n_clips, 3, 1, n)
    values += noise
    shared = drifts(rng, times_s, 4, (0.05, 5.0))  # each place has its own mixture of four
    mixture = normal(rng, n_clips, n_places, 4) * camera.wobble[:, None, None] / 2
    colours = np.float32((1.0, 0.85, 0.8)) + 0.25 * normal(rng, n_clips, 3)
    values += colours[:, :, None, None] * (mixture @ shared)[:, None]


def _repeat(rng, values: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Values with some frames in place of the next ones."""
    n_clips, *_, n = values.shape
    index = np.arange(n) - (rng.random((n_clips, n), dtype=np.float32) < share[:, None])
    index = index.clip(0)
    for clip in np.flatnonzero(share):
        values[clip] = values[clip][..., index[clip]]
    return values


def _encode(rng, values: np.ndarray, camera: Camera, counts: np.ndarray) -> np.ndarray:
    """Quantise means in Y, U and V, with errors that jump at keyframes and fade."""
    n_clips, _, n_places, n = values.shape
    yuv = (TO_YUV @ values.reshape(n_clips, 3, -1)).reshape(values.shape)
    coarser = (TYPICAL_PX / counts) ** 0.25  # (B, P): small regions have few blocks
    yuv += _key_errors(rng, camera, coarser, n)
    step = camera.step_yuv[:, :, None, None] * coarser[:, None, :, None]
    yuv /= step
    np.rint(yuv, out=yuv)
    yuv *= step
    return (TO_RGB @ yuv.reshape(n_clips, 3, -1)).reshape(values.shape)


def _key_errors(rng, camera: Camera, coarser: np.ndarray, n: int) -> np.ndarray:
    """Errors (B, 3, P, n): one of each keyframe and place, one that all keyframes share."""
    n_clips, n_places = coarser.shape
    since = np.arange(n, dtype=np.float32) + np.rint(between(rng, 0, 250, n_clips, 1))
    number = (since // camera.keyframes[:, None]).astype(np.int64)
    number -= number[:, :1]
    fade = np.exp(-(since % camera.keyframes[:, None]) / camera.key_fade[:, None])  # (B, n)
    each = normal(rng, n_clips, 3, n_places, int(number.max()) + 1)
    each += 0.7 * normal(rng, n_clips, 3, 1, 1)
    size = camera.key_size[:, None, None, None] * coarser[:, None, :, None]
    each *= size * np.float32((1, 0.5, 0.5))[:, None, None]
    each = np.stack([one[..., index] for one, index in zip(each, number, strict=True)])
    return each * fade[:, None, None]


def _smooth(values: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Clips of which a share (B,) of the frame before stays, as by noise reduction."""
    clips = np.flatnonzero(share)
    if not len(clips):
        return values
    some = np.ascontiguousarray(np.moveaxis(values[clips], -1, 0))  # (n, b, 3, P)
    kept = share[clips][:, None, None]
    for frame in range(1, len(some)):
        some[frame] += kept * (some[frame - 1] - some[frame])
    values[clips] = np.moveaxis(some, 0, -1)
    return values
