"""Worlds over diffusers' pipelines: found, opened, steered or not, written to a video, refused in words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from astra_studio.cli import main
from engine import poses
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.models.weights.errors import WeightsMissing, WeightsUnreadable
from engine.rollout import Rollout
from engine.worlds.detail_settings import detail_settings
from engine.worlds.kinds.pipeline_folder import open_folder
from engine.worlds.registry import kind_of, open_world
from engine.worlds.sana_wm import camera_of_frames, intrinsics, open_sana_wm
from engine.worlds.wan import open_wan
from tests.pipelines import SANA_SIZE, WAN_SIZE

PICTURE = Path("assets/pictures/meadow.jpg")


@pytest.fixture
def wan(wan_folder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny Wan pipeline, to be changed."""
    return Path(shutil.copytree(wan_folder, tmp_path / "wan"))


def noise(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    width, height = size
    return np.random.default_rng(seed).integers(0, 256, (1, height, width, 3), dtype=np.uint8)


# ---------------------------------------------------------------------- what they are


def test_folders_are_recognised_by_their_pipeline(wan_folder, wan_text_folder, sana_wm_folder):
    folders = (wan_folder, wan_text_folder, sana_wm_folder)
    assert [kind_of(folder).name for folder in folders] == ["wan", "wan", "sana-wm"]


def test_wan_says_what_it_ignores_and_how_it_counts(wan_folder, wan_text_folder):
    from_picture, from_text = (open_world(str(folder), {}, "cpu").info for folder in (wan_folder, wan_text_folder))
    assert from_picture.ignores == ("actions",)
    assert from_text.ignores == ("actions", "picture")
    clock = from_picture.clock
    assert (clock.fps, clock.frames_per_latent, clock.latents_per_chunk) == (16, 4, 20)
    assert clock.num_frames(1 + clock.latents_per_chunk) == 81
    assert from_picture.fingerprint != from_text.fingerprint
    assert from_picture.defaults["shift"] == 3.0, "what its scheduler was published with"


def test_sana_wm_has_a_clock_and_settings_of_its_own(sana_wm_folder):
    info = open_world(str(sana_wm_folder), {}, "cpu").info
    assert info.ignores == ()
    clock = info.clock
    assert (clock.fps, clock.frames_per_latent, clock.latents_per_chunk) == (16, 8, 20)
    assert clock.num_frames(1 + clock.latents_per_chunk) == 161
    assert clock.trained_speed == pytest.approx(8 * 0.05)
    detail = {spec.name for spec in detail_settings()}
    assert {spec.name for spec in info.settings} - detail == {"text_guidance", "field_of_view", "num_steps"}


def test_requirements_count_the_files(wan_folder):
    required = kind_of(wan_folder).requirements(str(wan_folder))
    assert (required.width, required.height, required.gpu_bytes, required.problem) == (*WAN_SIZE, 0, "")
    weights = sum(path.stat().st_size for path in wan_folder.rglob("*.safetensors"))
    assert required.memory_bytes >= weights
    assert required.has_text


# ---------------------------------------------------------------------- what steers them


@pytest.mark.parametrize("setting", ["text_guidance", "field_of_view", "num_steps"])
def test_every_setting_of_sana_wm_changes_what_comes_out(sana_wm_folder, setting):
    world = open_world(str(sana_wm_folder), {}, "cpu")
    settings = world.info.settings_with({"num_steps": 2})
    changed = world.info.settings_with({"num_steps": 2, setting: {"num_steps": 3}.get(setting, 30.0)})
    walk = parse_pose_line("w-1 left-1", clock=ASTRA_CLOCK)
    plain, other = (Rollout(world, noise(SANA_SIZE), settings=one).step(walk).latents for one in (settings, changed))
    assert not np.array_equal(plain, other)


@pytest.mark.parametrize("setting", ["text_guidance", "shift", "num_steps"])
def test_every_setting_of_wan_changes_what_comes_out(wan_folder, setting):
    world = open_world(str(wan_folder), {}, "cpu")
    settings = world.info.settings_with({"num_steps": 2})
    changed = world.info.settings_with({"num_steps": 2, setting: {"num_steps": 3}.get(setting, 9.0)})
    walk = parse_pose_line("w-2", clock=ASTRA_CLOCK)
    plain, other = (
        # Guidance is the way from one prompt to another: without one it changes nothing.
        Rollout(world, noise(WAN_SIZE), settings=one).step(walk, prompt="a sunlit street").latents
        for one in (settings, changed)
    )
    assert not np.array_equal(plain, other)


def test_a_prompt_changes_what_comes_out(wan_text_folder):
    world = open_world(str(wan_text_folder), {}, "cpu")
    settings = world.info.settings_with({"num_steps": 2})
    first, second = (
        Rollout(world, noise(WAN_SIZE), settings=settings)
        .step(parse_pose_line("w-2", clock=ASTRA_CLOCK), prompt=prompt)
        .latents
        for prompt in ("a street", "forest day")
    )
    assert not np.array_equal(first, second)


def test_what_was_made_in_between_changes_nothing(wan_folder):
    """The pipeline's scheduler remembers the steps of the last clip."""
    world = open_world(str(wan_folder), {}, "cpu")
    few, many = (world.info.settings_with({"num_steps": number}) for number in (2, 5))
    walk = parse_pose_line("w-2", clock=ASTRA_CLOCK)
    before = Rollout(world, noise(WAN_SIZE), settings=few).step(walk).latents
    Rollout(world, noise(WAN_SIZE), settings=many).step(walk)
    assert np.array_equal(Rollout(world, noise(WAN_SIZE), settings=few).step(walk).latents, before)


def test_the_camera_goes_evenly_from_tick_to_tick():
    actions = parse_pose_line("w-1 left-2", clock=ASTRA_CLOCK)
    c2w = camera_of_frames(actions, 8)
    assert c2w.shape == (25, 4, 4)
    assert np.allclose(c2w[0], np.eye(4))
    assert np.allclose(c2w[::8], poses.path_from_rows(actions.rows))
    forward = c2w[8, 2, 3]
    assert forward > 0
    assert np.allclose(c2w[:9, 2, 3], np.linspace(0, forward, 9))
    turned = np.arctan2(c2w[8:, 0, 2], c2w[8:, 2, 2])
    assert np.allclose(np.diff(turned), turned[-1] / 16)
    assert turned[-1] < 0, "to the left is a negative turn about y"


def test_a_field_of_view_becomes_focal_lengths():
    assert intrinsics(90.0, 1280, 704) == pytest.approx([640, 640, 640, 352])
    assert intrinsics(30.0, 1280, 704)[0] > 640


# ---------------------------------------------------------------------- through the program


@pytest.mark.parametrize(
    ("folder", "size", "frames_per_latent"), [("sana_wm_folder", SANA_SIZE, 8), ("wan_text_folder", WAN_SIZE, 4)]
)
def test_the_program_renders_them_to_a_video(request, tmp_path, capsys, folder, size, frames_per_latent):
    place = request.getfixturevalue(folder)
    words = ["render", "--image", PICTURE, "--trajectory", "w-3 left-1", "--world", place, "--steps", "2"]
    words += ["--device", "cpu", "--chunks", "1", "--out", tmp_path / "a.mp4", "--report", tmp_path / "a.json"]
    assert main([str(word) for word in words]) == 0
    report = json.loads((tmp_path / "a.json").read_text())
    (chunk,) = report["chunks"]
    with av.open(str(tmp_path / "a.mp4")) as video:
        stream = video.streams.video[0]
        frames = list(video.decode(stream))
        assert (frames[0].width, frames[0].height) == size
        assert stream.average_rate == 16
    assert len(frames) == report["num_frames"] == 1 + chunk["num_latents"] * frames_per_latent
    assert ("This world ignores the actions and the picture." in capsys.readouterr().err) == ("wan" in folder)


# ---------------------------------------------------------------------- what they refuse


@pytest.mark.parametrize(
    ("folder", "size", "nearest"),
    [("wan_folder", (50, 40), "48 x 48"), ("sana_wm_folder", (100, 50), "96 x 64")],
)
def test_a_size_that_cannot_be_made_is_refused_with_the_nearest(request, tmp_path, folder, size, nearest):
    place = Path(shutil.copytree(request.getfixturevalue(folder), tmp_path / "world"))
    (place / "world.json").write_text(json.dumps({"width": size[0], "height": size[1]}))
    with pytest.raises(ValueError, match=rf"cannot make pictures of {size[0]} x {size[1]}: .*size is {nearest}"):
        open_world(str(place), {}, "cpu")


@pytest.mark.parametrize("lost", ["vae", "vae/diffusion_pytorch_model.safetensors", "tokenizer"])
def test_a_part_that_is_missing_is_named(wan, lost):
    path = wan / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    part = lost.partition("/")[0]
    assert open_folder(wan).missing_parts() == [f"{part}/"]
    required = kind_of(wan).requirements(str(wan))
    assert [missing.what for missing in required.missing] == [f"{part}/"]
    with pytest.raises(WeightsMissing, match=f"lacks {part}/"):
        open_world(str(wan), {}, "cpu")


def test_weights_that_are_cut_short_are_an_error_that_names_the_world(wan):
    path = wan / "vae" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-64])
    with pytest.raises(WeightsUnreadable, match=f"world at {wan} cannot be loaded"):
        open_world(str(wan), {}, "cpu")


def test_another_pipeline_is_refused(wan_folder, sana_wm_folder):
    with pytest.raises(ValueError, match="holds a SanaWMPipeline, and no WanImageToVideoPipeline or WanPipeline"):
        open_wan(sana_wm_folder, "cpu")
    with pytest.raises(ValueError, match="holds a WanImageToVideoPipeline, and no SanaWMPipeline"):
        open_sana_wm(wan_folder, "cpu")


def test_a_chunk_longer_than_a_clip_is_refused(wan_folder):
    world = open_world(str(wan_folder), {}, "cpu")
    with pytest.raises(ValueError, match="makes 1 to 20 latents at once, got 21 action rows"):
        Rollout(world, noise(WAN_SIZE)).step(parse_pose_line("w-21", clock=ASTRA_CLOCK))


def test_world_json_may_say_a_name_a_licence_and_defaults(wan):
    content = {"kind": "wan", "name": "Mist", "width": 48, "height": 32, "licence": "MIT", "latents_per_chunk": 5}
    (wan / "world.json").write_text(json.dumps({**content, "defaults": {"num_steps": 7}}))
    info = open_world(str(wan), {}, "cpu").info
    assert (info.name, info.licence, info.clock.latents_per_chunk, info.defaults["num_steps"]) == ("Mist", "MIT", 5, 7)
    (wan / "world.json").write_text(json.dumps({"num_heads": 2}))
    with pytest.raises(ValueError, match="unknown entries num_heads"):
        open_world(str(wan), {}, "cpu")


def test_the_fingerprint_covers_weights_and_size(wan):
    before = open_world(str(wan), {}, "cpu").info
    (wan / "world.json").write_text(json.dumps({"width": 32, "height": 32}))
    other_size = open_world(str(wan), {}, "cpu").info
    (wan / "scheduler" / "scheduler_config.json").write_text(
        (wan / "scheduler" / "scheduler_config.json").read_text().replace("3.0", "4.0")
    )
    other_shift = open_world(str(wan), {}, "cpu").info
    assert len({before.fingerprint, other_size.fingerprint, other_shift.fingerprint}) == 3
    assert other_shift.defaults["shift"] == 4.0
