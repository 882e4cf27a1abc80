import json

import numpy as np
import pytest
import torch

from engine.actions.modality import CAMERA, ActionTrack
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.messages import Cancelled, ChunkRequest, Preview, Progress, chunk_seed
from engine.models.weights.errors import WeightsMismatch
from engine.models.window import plan_window
from engine.rollout import Rollout
from engine.worlds.astra import open_astra, window_rows
from engine.worlds.config import WorldConfig
from engine.worlds.kept_rows import kept_rows
from tests.builders import add_text, write_original_world, write_world_json

WALK = parse_pose_line("w-8", clock=ASTRA_CLOCK)
TURN = parse_pose_line("left-8", clock=ASTRA_CLOCK)


@pytest.fixture(scope="module")
def world(original_world_folder):
    return open_astra(original_world_folder, "cpu")


def test_the_world_tells_what_it_is(world):
    assert (world.info.name, world.info.width, world.info.height) == ("tiny", 48, 32)
    assert world.info.modalities == ("camera", "driving", "robot")
    assert not world.info.has_text
    assert len(world.info.fingerprint) == 64


def test_the_first_chunk_shows_the_start_picture_and_32_frames_more(world, start_frames):
    rollout = Rollout(world, start_frames, seed=1)
    assert rollout.step(WALK).frames.shape == (33, 32, 48, 3)
    assert rollout.step(WALK).frames.shape == (32, 32, 48, 3)


def test_streamed_chunks_equal_one_whole_decode(world, start_frames):
    rollout = Rollout(world, start_frames, seed=1)
    results = [rollout.step(WALK), rollout.step(TURN)]
    latents = np.concatenate([rollout._archive.read(0, 1), *(r.latents for r in results)], axis=1)
    whole, _ = world._codec.decode(torch.from_numpy(latents)[None])
    expected = ((whole[0] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 3, 0).numpy()
    assert np.array_equal(np.concatenate([r.frames for r in results]), expected)


def test_a_clip_can_be_the_history(world, start_frames):
    clip = np.repeat(start_frames, 9, axis=0)
    rollout = Rollout(world, clip, seed=1)
    assert rollout.num_latents == 3
    assert rollout.step(WALK).frames.shape[0] == 9 + 32


def test_a_prompt_changes_the_picture_where_there_is_a_text_encoder(tmp_path, start_frames):
    add_text(write_original_world(tmp_path))
    world = open_astra(tmp_path, "cpu")
    assert world.info.has_text
    first, second = (Rollout(world, start_frames).step(WALK, prompt=p).latents for p in ("a sunlit street", "forest"))
    assert not np.allclose(first, second, atol=1e-4)


def test_text_guidance_weighs_the_prompt_against_the_negative_one(tmp_path, start_frames):
    add_text(write_original_world(tmp_path))
    world = open_astra(tmp_path, "cpu")
    settings = world.info.settings_with({"text_guidance": 3.0, "guidance": 1.0})
    unguided = world.info.settings_with({"guidance": 1.0})
    plain = Rollout(world, start_frames, settings=unguided).step(WALK, prompt="day", negative_prompt="forest").latents
    guided = Rollout(world, start_frames, settings=settings).step(WALK, prompt="day", negative_prompt="forest").latents
    same_words = Rollout(world, start_frames, settings=settings).step(WALK, prompt="day", negative_prompt="day").latents
    assert not np.allclose(plain, guided, atol=1e-4)
    assert np.allclose(plain, same_words, atol=2e-3)


def test_the_text_encoder_may_be_missing_as_long_as_the_prompt_is_empty(world, start_frames):
    with pytest.raises(ValueError, match="reads no text"):
        Rollout(world, start_frames).step(WALK, prompt="a street")


def test_guidance_and_history_noise_reach_the_latents(world, start_frames):
    def first(**changes):
        settings = world.info.settings_with(changes)
        return Rollout(world, start_frames, settings=settings).step(WALK).latents

    clean = first(guidance=1.0)
    assert not np.allclose(first(guidance=3.0), clean, atol=1e-4)
    assert not np.allclose(first(guidance=1.0, history_noise=0.5), clean, atol=1e-4)
    assert np.array_equal(first(guidance=1.0, history_noise=0.5), first(guidance=1.0, history_noise=0.5))


def test_noise_on_all_history_differs_from_noise_on_the_recent(world, start_frames):
    def third(where):
        settings = world.info.settings_with({"history_noise": 0.5, "history_noise_on": where})
        rollout = Rollout(world, start_frames, settings=settings)
        for _ in range(2):
            result = rollout.step(WALK)
        return result.latents

    assert not np.allclose(third("all"), third("recent"), atol=1e-4)


def test_unipc_is_another_way_to_the_same_kind_of_chunk(world, start_frames):
    settings = world.info.settings_with({"solver": "unipc", "num_steps": 4})
    latents = Rollout(world, start_frames, settings=settings).step(WALK).latents
    assert np.isfinite(latents).all()


def test_previews_come_with_every_step_and_look_like_the_picture(world, start_frames):
    heard = []
    Rollout(world, start_frames).step(WALK, listener=heard.append)
    steps = [event.step for event in heard if isinstance(event, Progress)]
    previews = [event.picture for event in heard if isinstance(event, Preview)]
    assert steps == [1, 2]
    assert [p.shape for p in previews] == [(4, 6, 3)] * 2
    assert all(p.dtype == np.uint8 for p in previews)


def test_the_colours_of_previews_are_fitted_on_the_start_picture(world, start_frames):
    from engine.worlds.astra import _preview

    state = world.open(start_frames, "camera").state
    small = start_frames[0].reshape(4, 8, 6, 8, 3).mean((1, 3))
    shown = _preview(state.window_BCTHW[0, :, 0], state.to_rgb)
    without = np.abs(small - small.mean((0, 1))).mean()
    assert np.abs(shown.astype(float) - small).mean() < 0.8 * without


def test_a_cancel_while_denoising_leaves_the_state_good(world, start_frames):
    opened = world.open(start_frames, "camera")
    request = ChunkRequest(index=0, actions=WALK, seed=chunk_seed(0, 0), settings=world.info.defaults)
    expected = world.step(opened.state, request)[1].latents
    calls = iter([False, True])
    with pytest.raises(Cancelled):
        world.step(opened.state, request, cancelled=lambda: next(calls))
    assert np.array_equal(world.step(opened.state, request)[1].latents, expected)


def test_steering_works_in_each_mode_that_repairs_it_and_not_in_the_released_one(world, start_frames):
    """B1: past 20 latents the released rows are those of latents 20 to 27, whatever is asked now."""
    answers = {}
    for mode in ("upstream", "aligned", "anchored"):
        settings = world.info.settings_with({"history_mode": mode, "guidance": 1.0})
        rollout = Rollout(world, start_frames, settings=settings)
        for _ in range(4):
            rollout.step(WALK)
        walked = rollout.step(WALK).latents
        rollout.rewind(4)
        answers[mode] = float(np.abs(rollout.step(TURN).latents - walked).max())
    assert answers["upstream"] == 0
    assert answers["aligned"] > 1e-3
    assert answers["anchored"] > 1e-3


def test_the_action_matrix_marks_history_and_targets():
    rows = np.arange(40, dtype=np.float32)[:, None] * np.ones(12, np.float32)
    plan = plan_window(32, 8)
    chosen = kept_rows(ActionTrack(CAMERA, rows[:32])).appended(ActionTrack(CAMERA, rows[32:]))
    matrix = window_rows(chosen.read(plan.first_row, plan.num_rows), plan, WorldConfig(rounds_actions=False))
    assert matrix[:, 0].tolist() == list(range(2, 40))
    assert matrix[:, -1].tolist() == [1] * 30 + [0] * 8


def test_rows_are_rounded_as_the_released_training_saw_them():
    take = ActionTrack(CAMERA, np.full((9, 12), 0.03))
    assert window_rows(take, plan_window(1, 8), WorldConfig())[0, 3] == np.float32(0.030029296875)


def test_the_released_rounding_is_on_for_original_checkpoints(world):
    assert world._config.rounds_actions
    assert world._transformer.config.input_rounding == "bfloat16"


def test_folding_happens_once_for_the_world(world):
    assert all(isinstance(block.act_adapter.projector, torch.nn.Identity) for block in world._transformer.blocks)


def test_the_fingerprint_follows_the_weights_and_the_config(tmp_path, original_world_folder, world):
    same = open_astra(write_original_world(tmp_path / "tiny"), "cpu")
    assert same.info.fingerprint == world.info.fingerprint
    write_world_json(tmp_path / "tiny", steps=3)
    assert open_astra(tmp_path / "tiny", "cpu").info.fingerprint != world.info.fingerprint


def test_the_checkpoint_file_itself_opens_the_world(original_world_folder, world):
    by_file = open_astra(original_world_folder / "diffusion_pytorch_model.ckpt", "cpu")
    assert by_file.info.fingerprint == world.info.fingerprint


def test_a_world_without_num_heads_says_what_to_add(tmp_path):
    folder = write_original_world(tmp_path)
    (folder / "world.json").write_text(json.dumps({"width": 48, "height": 32}))
    with pytest.raises(WeightsMismatch, match="num_heads"):
        open_astra(folder, "cpu")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_a_gpu_makes_nearly_the_chunk_that_the_cpu_makes(original_world_folder, world, start_frames):
    on_gpu = open_astra(original_world_folder, "cuda")
    ours, theirs = (Rollout(w, start_frames).step(WALK).latents for w in (on_gpu, world))
    assert np.abs(ours - theirs).mean() < 0.1 * np.abs(theirs).mean()


@pytest.mark.parametrize(
    ("size", "nearest"), [((50, 32), "48 x 32"), ((48, 40), "48 x 48"), ((60, 30), "64 x 32"), ((3, 3), "16 x 16")]
)
def test_a_size_that_the_model_cannot_make_is_refused_with_the_nearest_that_it_can(tmp_path, size, nearest):
    folder = write_original_world(tmp_path)
    content = json.loads((folder / "world.json").read_text()) | {"width": size[0], "height": size[1]}
    (folder / "world.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f"cannot make pictures of {size[0]} x {size[1]}: .*nearest size is {nearest}"):
        open_astra(folder, "cpu")


def test_nan_actions_are_refused():
    with pytest.raises(ValueError, match="action row 1 holds nan in column tx"):
        ActionTrack(CAMERA, np.array([[0.0] * 12, [1, 0, 0, float("nan"), *[0] * 8]]))
