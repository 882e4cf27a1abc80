from dataclasses import replace

import pytest
import torch

from engine.actions.modality import CAMERA, DRIVING
from engine.training.shards import ShardError, write_shard
from engine.training.synthetic.clips import RENDERED
from engine.training.windows import WindowConfig, WindowSource
from tests.engine.training.small import shard, write_shards


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return sorted(write_shards(tmp_path_factory.mktemp("shards"), text=True).glob("*.safetensors"))


def source(paths, **changes):
    return WindowSource(WindowConfig(**({"num_targets": 4} | changes)), paths, torch.Generator().manual_seed(1))


def test_history_target_and_rows_belong_together(paths):
    """Latents were made to move with the sum of the rows."""
    batch = source(paths).draw(6, num_history=3, modality_name="camera")
    assert batch.target_BCTHW.shape == (6, 4, 4, 4, 6)
    assert batch.rows_BRA.shape == (6, 7, 25)
    moved = (batch.target_BCTHW[:, 0, 1:] - batch.target_BCTHW[:, 0, :-1]).mean((2, 3))
    assert torch.allclose(moved, 10 * batch.rows_BRA[:, 4:, 3], atol=2e-2)


def test_the_mask_tells_history_from_targets(paths):
    batch = source(paths).draw(2, num_history=3)
    assert batch.rows_BRA[0, :, -1].tolist() == [1, 1, 1, 0, 0, 0, 0]


def test_modalities_come_as_often_as_their_shares_say(paths):
    of = source(paths, modality_shares={"camera": 0.5, "robot": 0.5})
    drawn = [of.draw(2).modality for _ in range(60)]
    assert set(drawn) == {"camera", "robot"}
    assert 18 <= drawn.count("camera") <= 42


def test_windows_with_motion_are_preferred_but_some_are_calm(tmp_path):
    still = shard(CAMERA, seed=1)
    still.rows[..., 3] = 0
    write_shard(tmp_path / "still.safetensors", still)
    write_shard(tmp_path / "moving.safetensors", shard(CAMERA, seed=2))
    of = source(sorted(tmp_path.glob("*.safetensors")), oversampling=3, calm_share=0.25)
    moving = [
        bool(batch.rows_BRA[:, 1:, 3].any(1).float().mean() > 0.6) for batch in (of.draw(8, 1) for _ in range(20))
    ]
    assert sum(moving) > 15


def test_steps_aside_are_kept_more_often_where_they_count_more(tmp_path):
    ahead = shard(CAMERA, seed=1)
    ahead.rows[..., 11], ahead.rows[..., 3] = 0.02, 0
    write_shard(tmp_path / "ahead.safetensors", ahead)
    aside = shard(CAMERA, seed=2)
    aside.rows[..., 3] = 0.01
    write_shard(tmp_path / "aside.safetensors", aside)
    paths = sorted(tmp_path.glob("*.safetensors"))
    shares = []
    for weight in (1.0, 8.0):
        of = source(paths, oversampling=3, calm_share=0.0, aside_weight=weight)
        shares.append(torch.cat([of.draw(8, 1).rows_BRA[:, 1:, 3].abs().sum(1) > 0 for _ in range(20)]).float().mean())
    assert shares[0] < 0.3
    assert shares[1] > 0.7


@pytest.mark.parametrize(("lengths", "share_of_one"), [("rollout", 0.5), ("released", 0.4)])
def test_history_lengths_follow_the_plan(paths, lengths, share_of_one):
    of = source(paths, lengths=lengths)
    drawn = [len(of.draw(1).rows_BRA[0]) - 4 for _ in range(300)]
    assert drawn.count(1) / 300 == pytest.approx(share_of_one, abs=0.09)
    assert set(drawn) <= set(range(1, 11))


def test_text_is_padded_with_zero_rows(paths):
    batch = source(paths).draw(8, num_history=1, modality_name="camera")
    assert batch.text_BLD.shape[2] == 12
    assert not batch.text_BLD[:, -1].any() or (batch.text_BLD[:, -1].abs().sum(-1) > 0).any()


def test_parts_of_a_batch_add_up_to_it(paths):
    batch = source(paths).draw(6, num_history=3)
    parts = [batch.part(i, 3) for i in range(3)]
    assert torch.equal(torch.cat([part.target_BCTHW for part in parts]), batch.target_BCTHW)
    assert torch.equal(torch.cat([part.history.full_BCTHW for part in parts]), batch.history.full_BCTHW)


def test_drawing_goes_on_where_a_saved_state_stood(paths):
    of = source(paths)
    of.draw(3)
    state = of.state()
    expected = of.draw(3)
    of.restore(state)
    assert torch.equal(of.draw(3).target_BCTHW, expected.target_BCTHW)


def test_windows_longer_than_every_clip_are_refused(paths):
    with pytest.raises(ShardError, match=r"no camera clip is as long as a window of 30 \+ 4"):
        source(paths).draw(2, num_history=30, modality_name="camera")


def test_shares_for_what_is_not_there_are_refused(tmp_path):
    write_shard(tmp_path / "a.safetensors", shard(DRIVING))
    with pytest.raises(ShardError, match="the shards hold driving, the config gives shares to camera"):
        source([tmp_path / "a.safetensors"], modality_shares={"camera": 1.0})


def test_every_modality_can_be_drawn(paths):
    names = {kind.name for kind in RENDERED}
    assert {source(paths).draw(2, modality_name=name).modality for name in names} == names


def test_windows_that_rest_are_one_picture_all_along(paths):
    batch = source(paths, rest_share=0.5, single_start_share=0.0).draw(4, modality_name="driving")
    still = batch.target_BCTHW == batch.history.full_BCTHW[:, :, 1:]
    assert still.flatten(1).all(1).tolist() == [True, True, False, False]
    rows = batch.rows_BRA[:2, :, :-1]
    assert torch.equal(rows, rows[:, :1].expand_as(rows))


def test_a_given_history_length_gets_no_rest_so_that_errors_stay_comparable(paths):
    usual, resting = (source(paths, rest_share=share).draw(4, 1, "camera") for share in (0.0, 0.5))
    assert torch.equal(usual.target_BCTHW, resting.target_BCTHW)


def test_own_histories_are_whole_chunks_that_a_world_made_before_true_targets(tmp_path):
    clips = shard(CAMERA)
    own = torch.full_like(clips.latents[:, :9], 7.0)
    write_shard(tmp_path / "own.safetensors", replace(clips, own=own))
    of = source([tmp_path / "own.safetensors"], own_share=1.0)
    drawn = [of.draw(3) for _ in range(12)]
    assert {int((batch.rows_BRA[0, :, -1] == 1).sum()) for batch in drawn} == {5, 9}
    for batch in drawn:
        assert (batch.history.full_BCTHW == 7).all()
        assert not (batch.target_BCTHW == 7).any()


def test_without_own_takes_there_are_no_own_histories(paths):
    assert source(paths, own_share=1.0).draw(2).target_BCTHW.shape[2] == 4


def test_own_takes_without_a_truth_to_go_on_with_are_refused(tmp_path):
    clips = shard(CAMERA)
    write_shard(tmp_path / "own.safetensors", replace(clips, own=clips.latents))
    with pytest.raises(ShardError, match="goes on for 4 latents"):
        source([tmp_path / "own.safetensors"], own_share=1.0).draw(2)
