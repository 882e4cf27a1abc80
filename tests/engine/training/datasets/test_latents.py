import json
import os

import numpy as np
import pytest
import torch

from engine import poses
from engine.actions.modality import CAMERA, DRIVING, ROBOT
from engine.training.datasets.errors import ClipError, LayoutError
from engine.training.datasets.latents import LatentsSource
from tests.engine.training.datasets.builders import drive, latents, quaternion_xyzw, walk


class Program:
    """What a hostile file holds: unpickling it makes a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def save(folder, name="clip/encoded_video.pth", **content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, path)
    return path


def clip(folder):
    return next(LatentsSource(folder).entries()).open()


@pytest.mark.parametrize("as_tensor", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
def test_matrices_are_sekais_camera_to_world_poses_of_every_frame(tmp_path, as_tensor, wrapped):
    extrinsic = walk(np.arange(40) / 30).astype(np.float32)
    given = {"extrinsic": torch.from_numpy(extrinsic) if as_tensor else extrinsic}
    save(tmp_path, latents=latents(10), **({"cam_emb": given} if wrapped else given))
    read = clip(tmp_path)
    assert read.modality is CAMERA
    assert not read.is_timed
    assert np.array_equal(read.track.times, np.arange(40))
    assert np.allclose(read.track.poses, extrinsic)
    assert torch.equal(read.footage.latents, latents(10))


def test_vectors_are_spatialvids_world_to_camera_poses_of_every_latent(tmp_path):
    w2c = poses.inverse(walk(np.arange(10) * 0.2))
    vectors = np.array([[*pose[:3, 3], *quaternion_xyzw(pose[:3, :3])] for pose in w2c])
    save(tmp_path, latents=latents(10)[None], cam_emb={"extrinsic": torch.from_numpy(vectors)})
    read = clip(tmp_path)
    assert np.array_equal(read.track.times, np.arange(10) * 4)
    assert np.allclose(read.track.poses, walk(np.arange(10) * 0.2), atol=1e-6)
    assert read.footage.latents.shape == latents(10).shape


def test_a_robots_episode_is_told_by_what_lies_with_it(tmp_path):
    extrinsic = np.tile(np.eye(4), (40, 1, 1))
    save(tmp_path, latents=latents(10), cam_emb={"extrinsic": extrinsic}, episode_info={"episode_idx": 3})
    assert clip(tmp_path).modality is ROBOT


def test_key_frames_beside_the_file_are_a_drive_and_the_sharper_file_wins(tmp_path):
    frames = np.array([0, 5, 11, 17])
    told = []
    for pose in drive(frames / 10):
        x, y, z, w = quaternion_xyzw(pose[:3, :3])
        told.append({"translation": [*pose[:3, 3]], "rotation": [w, x, y, z], "timestamp": 1})
    save(tmp_path, latents=latents(5))
    save(tmp_path, "clip/encoded_video-480p.pth", latents=latents(6))
    info = {"keyframe_indices": frames.tolist(), "keyframe_poses": told, "total_frames": 21}
    (tmp_path / "clip" / "scene_info.json").write_text(json.dumps(info))
    (entry,) = LatentsSource(tmp_path).entries()
    read = entry.open()
    assert read.modality is DRIVING
    assert np.array_equal(read.track.times, frames)
    assert np.allclose(read.track.poses, drive(frames / 10), atol=1e-9)
    assert read.footage.latents.shape[1] == 6


@pytest.mark.parametrize("given", [torch.ones(1, 5, 12), {"context": torch.ones(1, 5, 12)}, torch.ones(5, 12)])
def test_text_rows_are_kept_in_any_of_their_forms(tmp_path, given):
    save(tmp_path, latents=latents(4), extrinsic=walk(np.arange(16.0)), prompt_emb=given)
    assert clip(tmp_path).footage.text.shape == (5, 12)


def test_a_manifest_says_which_files_and_in_what_order(tmp_path):
    for name in ("b.pth", "a.pth", "other.pth"):
        save(tmp_path, name, latents=latents(4), extrinsic=walk(np.arange(16.0)))
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"entries": [{"pth": "b.pth", "key": 1}, {"pth": "a.pth", "key": 2}]}))
    assert [entry.name for entry in LatentsSource(tmp_path).entries()] == ["b", "a"]
    manifest.write_text(json.dumps({"entries": [{"pth": "../b.pth"}]}))
    with pytest.raises(LayoutError, match="points outside its own folder"):
        list(LatentsSource(tmp_path).entries())
    manifest.write_text("[]")
    with pytest.raises(LayoutError, match=r"manifest\.json should hold"):
        list(LatentsSource(tmp_path).entries())


@pytest.mark.parametrize("hides_in", ["dict", "array"])
@pytest.mark.parametrize("new_format", [True, False])
def test_a_file_that_could_run_a_program_is_refused_and_not_run(tmp_path, hides_in, new_format):
    hostile = Program(tmp_path / "ran")
    content = {"latents": latents(4), "x": hostile if hides_in == "dict" else np.array([hostile], dtype=object)}
    torch.save(content, tmp_path / "a.pt", _use_new_zipfile_serialization=new_format)
    with pytest.raises(ClipError, match="could run a program; nothing in it was run"):
        clip(tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("keep", [0, 3, 500])
def test_a_damaged_file_is_named(tmp_path, keep):
    path = save(tmp_path, latents=latents(4))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ClipError, match=r"encoded_video\.pth"):
        clip(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"cam_emb": {}}, "holds no latents"),
        ({"latents": torch.ones(3)}, "holds no latents"),
        ({"latents": latents(4)}, "holds no poses: expected cam_emb with extrinsic"),
        ({"latents": latents(4), "cam_emb": {"intrinsic": torch.eye(3)}}, "holds no poses"),
        ({"latents": latents(4), "extrinsic": torch.ones(4, 3, 4)}, "4 x 4 matrices"),
    ],
)
def test_a_file_that_lacks_something_is_told(tmp_path, content, words):
    save(tmp_path, **content)
    with pytest.raises(ClipError, match=words):
        clip(tmp_path)
