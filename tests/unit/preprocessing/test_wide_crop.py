"""The wide crop: its position, when it moves, and that the video is decoded once."""

import cv2
import numpy as np
import pytest
from helpers.vision_clips import recording, write_clip

from rppg.datasets.recording import Recording
from rppg.datasets.store import Store
from rppg.preprocessing import prepare_recording as module
from rppg.preprocessing import resampling
from rppg.preprocessing.face_mesh import FaceLandmarks
from rppg.preprocessing.prepare import prepare, prepare_one
from rppg.preprocessing.wide_crop import WideCropper, face_box, wide_crop, wide_rectangle

SIZE = (180, 240)  # height and width of the drawn frames


def landmarks(x, y, width=40, height=50):
    """Landmarks (468, 2) that fill a box whose upper left pixel is (x, y)."""
    share = np.random.default_rng(0).random((468, 2), np.float32)
    share[:2] = [[0, 0], [1, 1]]
    return np.float32([x, y]) + share * np.float32([width - 1, height - 1])


def frame(shade=0):
    """A frame whose red is its column, whose green its row, whose blue its shade."""
    rows, columns = np.indices(SIZE)
    return np.stack([columns, rows, np.full(SIZE, shade)], axis=-1).astype(np.uint8)


def fed(places, fps=30.0):
    """The cropper after frames with faces at these places, and its crops."""
    crops = []
    cropper = WideCropper(None, crops.append)
    for k, place in enumerate(places):
        cropper.add(frame(k), 5.0 + k / fps, None if place is None else landmarks(*place))
    return cropper, crops


def test_a_face_has_the_box_of_its_landmarks():
    assert face_box(landmarks(30, 60, 40, 50)) == (30.5, 60.5, 69.5, 109.5)


@pytest.mark.parametrize(
    ("box", "width"),
    [
        ((100, 60, 164, 156), 96),  # 64 x 96 is 128 : 192 as it is
        ((100, 60, 164, 100), 96),  # too wide: grown in height
        ((100, 60, 110, 156), 96),  # too tall: grown in width
        ((100, 60, 165, 100), 104),  # 97.5, rounded up to a multiple of 8
        ((50, 50, 55, 58), 32),  # hardly a face
    ],
)
def test_the_rectangle_is_the_box_extended_to_the_aspect_and_scaled_by_half(box, width):
    x, y, *sides = wide_rectangle(box)
    assert sides == [width, width * 1.5]
    assert x + width / 2 == pytest.approx((box[0] + box[2]) / 2, abs=4)
    assert y + width * 0.75 == pytest.approx((box[1] + box[3]) / 2, abs=4)


def test_every_rectangle_contains_its_box():
    rng = np.random.default_rng(0)
    for x0, y0, w, h in rng.uniform((-50, -50, 2, 2), (900, 900, 400, 400), (500, 4)):
        x, y, width, height = wide_rectangle((x0, y0, x0 + w, y0 + h))
        assert x < x0 and y < y0 and x0 + w < x + width and y0 + h < y + height
        assert min(width / w, height / h) >= 1.5


def test_the_middle_square_is_scaled_without_distortion():
    crop = wide_crop(frame(7), (40, 20, 96, 144))  # its middle square begins at (40, 44)
    assert crop.shape == (64, 64, 3) and crop.dtype == np.uint8
    places = (np.arange(64) + 0.5) * 96 / 64 - 0.5
    assert crop[5:60, :, 0] == pytest.approx(np.tile(40 + places, (55, 1)), abs=1)
    assert crop[:, 5, 1] == pytest.approx(44 + places, abs=1) and (crop[..., 2] == 7).all()
    outside = wide_crop(frame(), (-48, -80, 96, 144))  # its middle square begins at (-48, -56)
    assert (outside[:30, :30, :2] <= 1).all() and outside[-1, -1, 0] == pytest.approx(47, abs=1)


def test_noise_is_averaged_away():
    noise = np.random.default_rng(0).normal(128, 20, (480, 400, 3)).round().astype(np.uint8)
    crop = wide_crop(noise, (8, 8, 256, 384))
    blocks = cv2.resize(noise[72:328, 8:264], (64, 64), interpolation=cv2.INTER_AREA)
    assert crop.std() == pytest.approx(blocks.std(), rel=0.05)


def test_the_rectangle_moves_only_when_the_face_leaves_it():
    still = [(100 + dx, 60 + dy) for dx, dy in [(0, 0), (9, 0), (-9, 9), (0, -12), (5, 5)]]
    cropper, crops = fed(still)
    rectangle = wide_rectangle(face_box(landmarks(100, 60)))
    assert cropper.boxes == [[0.0, *rectangle]]
    for k, crop in enumerate(crops):
        assert np.array_equal(crop, wide_crop(frame(k), rectangle))
    x, y, right, bottom = np.add(rectangle, (0, 0, *rectangle[:2]))
    edges = [((x, 60), (x - 1, 60)), ((100, y), (100, y - 1))]
    edges += [((right - 40, 60), (right - 39, 60)), ((100, bottom - 50), (100, bottom - 49))]
    for inside, leaves in edges:
        cropper, crops = fed([*still, inside, None, leaves, None])
        moved = wide_rectangle(face_box(landmarks(*leaves)))
        assert cropper.boxes == [[0.0, *rectangle], [pytest.approx(7 / 30), *moved]]
        places = [*[rectangle] * 7, moved, moved]
        expected = [wide_crop(frame(k), place) for k, place in enumerate(places)]
        assert np.array_equal(crops, expected)


def test_the_rectangle_changes_with_the_size_of_the_picture():
    crops = []
    cropper = WideCropper(None, crops.append)
    large = cv2.resize(frame(), (480, 360), interpolation=cv2.INTER_LINEAR)
    turned = np.ascontiguousarray(large.transpose(1, 0, 2))
    for k, rgb in enumerate([frame(), large, turned, turned]):
        points = {0: landmarks(100, 60), 3: landmarks(60, 300, 80, 100)}.get(k)
        cropper.add(rgb, k / 30, points)
    first, scaled, kept, anew = (box[1:] for box in cropper.boxes)
    assert scaled[2:] == [2 * first[2], 2 * first[3]] and kept[2:] == scaled[2:]
    assert np.abs(np.array(scaled[:2]) - 2 * np.array(first[:2])).max() <= 8
    assert anew == list(wide_rectangle(face_box(landmarks(60, 300, 80, 100))))
    assert np.abs(crops[1].astype(int) - crops[0]).max() <= 5 and len(crops) == 4


@pytest.fixture
def decoded(monkeypatch):
    """Counts the frames that are decoded."""
    frames, read = [], resampling.read_frames

    def counted(*args, **options):
        for rgb, time_s in read(*args, **options):
            frames.append(time_s)
            yield rgb, time_s

    monkeypatch.setattr(resampling, "read_frames", counted)
    return frames


def test_frames_before_the_first_face_get_its_rectangle_and_are_decoded_again(tmp_path, decoded):
    paths = tuple(tmp_path / f"{k}.png" for k in range(8))
    for k, path in enumerate(paths):
        cv2.imwrite(str(path), frame(k)[..., ::-1])
    images = Recording("test", "s1", "images", frames=paths, fps=30.0)
    crops = []
    cropper = WideCropper(images, crops.append)
    for k in range(8):
        cropper.add(frame(k), k / 30, None if k < 3 else landmarks(100, 60))
    cropper.finish(9)
    rectangle = wide_rectangle(face_box(landmarks(100, 60)))
    assert cropper.boxes == [[0.0, *rectangle]] and len(decoded) == 3
    expected = [wide_crop(frame(k), rectangle) for k in (*range(8), 7)]
    assert np.array_equal(crops, expected)


@pytest.fixture
def no_mtcnn(monkeypatch):
    """The box of the face without MTCNN, which takes seconds to load; in this process."""
    finder = type("Finder", (), {"find": staticmethod(lambda rgb: (110.0, 70.0, 210.0, 200.0))})
    monkeypatch.setattr(module, "_finder", finder)


@pytest.fixture
def clip(tmp_path, no_mtcnn):
    """Three and a half seconds at 25 fps with a face from 0.4 s on."""
    return recording(write_clip(tmp_path / "a.mp4", seconds=3.6, fps=25.0, seen=(0.4, 9.0)))


def files(store, id):
    return {path.name: path.read_bytes() for path in store.path(id).iterdir()}


@pytest.mark.slow
def test_a_recording_is_prepared_again_for_its_wide_crops_and_keeps_them(clip, tmp_path, decoded):
    store, looked, look = Store(tmp_path / "store"), [], FaceLandmarks.__call__
    plain = prepare_one(clip, store)
    before = files(store, clip.id)
    assert "wide_boxes" not in plain and "wide.npy" not in before and len(before) == 4
    decoded.clear()
    assert prepare_one(clip, store) == plain and not decoded
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FaceLandmarks, "__call__", lambda *a: looked.append(1) or look(*a))
        meta = prepare_one(clip, store, crops=("face", "wide"))
    after = files(store, clip.id)
    assert 90 / 4 < len(looked) <= 90, "no frame is looked at twice"
    assert 90 + 2 * 10 <= len(decoded) <= 90 + 2 * 12, "only frames before the face come again"
    assert {name: after[name] for name in ("face.npy", "mstmap.npy")}.items() <= before.items()
    prepared = store.open(clip.id)
    assert len(prepared.wide) == len(prepared.mstmap) == 108 and prepared.wide.std() > 20
    assert meta["wide_boxes"][0][0] == 0.0 and len(meta["wide_boxes"]) == 1
    new = {"wide_boxes": 0, "arrays": 0}
    assert {**meta, **new} == {**plain, **new}
    decoded.clear()
    for crops in (("face",), ("wide",), ("face", "wide")):
        assert prepare_one(clip, store, crops=crops) == meta
    assert files(store, clip.id) == after and not decoded


def test_a_failed_recording_stays_failed_whatever_crops_are_requested(tmp_path, monkeypatch):
    (tmp_path / "b.avi").write_text("no video")
    store, bad = Store(tmp_path / "store"), recording(tmp_path / "b.avi")
    meta = prepare_one(bad, store)
    monkeypatch.setattr(module, "extract", lambda *_: pytest.fail("tried again"))
    assert meta["status"] == "failed" and prepare_one(bad, store, crops=["wide"]) == meta


@pytest.mark.parametrize("crops", ["wide", ["face", "narrow"]])
def test_unknown_crops_are_refused(tmp_path, crops):
    with pytest.raises(ValueError, match="crops are .*, expected a list of face and wide"):
        prepare([], tmp_path / "store", crops=crops)
    assert not (tmp_path / "store").exists()


@pytest.mark.slow
def test_workers_make_them_too_and_other_shards_are_missing_without(tmp_path, no_mtcnn):
    clips = [recording(write_clip(tmp_path / f"{k}.mp4", seconds=3.2)) for k in range(2)]
    store = Store(tmp_path / "store")
    for clip in clips:
        prepare_one(clip, store)
    given = {"workers": 1, "progress": False, "shard": "1/2", "crops": ["face", "wide"]}
    table = prepare(clips, store.root, **given)
    assert table["status"].tolist() == ["prepared"] and table.attrs["n_missing"] == 1
    prepare_one(clips[1], store, crops=["wide"])
    table = prepare(clips, store.root, **given)
    assert table["status"].tolist() == ["reused"] and table.attrs["n_missing"] == 0
    assert all(store.open(id).wide.shape == (96, 64, 64, 3) for id in store.ids())
