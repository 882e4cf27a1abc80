"""Detail from the engine to the file and back: shown frames, soft frames beside them, and takes that go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from astra_studio.document import edits
from astra_studio.document.artifacts import open_artifacts
from astra_studio.document.chunk_files import ChunkFrames, decode_arrays
from astra_studio.document.derived import slots
from astra_studio.services.export.record import record_of_chunk
from astra_studio.services.playback.player import Player
from engine.messages import Picture
from engine.worlds.detail_settings import DETAIL_IN_WORDS
from tests.astra_studio.services.export.test_export import frames_of
from tests.astra_studio.services.generation.test_queue import Rig


def started(path: Path, *, in_process: bool = True) -> Rig:
    made = Rig(path, in_process=in_process)
    made.add_start()
    made.plan("w-8 left-8 d-8")
    made.session.apply(edits.set_settings(made.take.id, {"detail": "on"}))
    return made


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = started(tmp_path / "walk.astra")
    yield made
    if made.session.is_open:
        made.close()


def make(rig: Rig, num_chunks: int) -> None:
    rig.generation.generate(rig.take.id, num_chunks)
    rig.wait()


def stored_frame(rig: Rig, artifact: str, number: int) -> Picture:
    with open_artifacts(rig.session.path) as artifacts, ChunkFrames(artifacts.read(artifact)) as frames:
        return frames.frame(number)


def test_shown_and_soft_frames_are_stored_and_what_detail_goes_on_from(rig: Rig) -> None:
    make(rig, 2)
    for chunk in rig.take.chunks:
        assert chunk.soft_frames is not None
        assert chunk.arrays is not None
        assert stored_frame(rig, chunk.frames, 0).shape == (256, 448, 3)
        assert stored_frame(rig, chunk.soft_frames, 0).shape == (64, 112, 3)
    with open_artifacts(rig.session.path) as artifacts:
        arrays = decode_arrays(artifacts.read(rig.take.chunks[1].arrays))
    assert arrays["detail.extrinsics"].shape == (3, 4)
    assert record_of_chunk(rig.take.chunks[0])["detail"] == DETAIL_IN_WORDS


def test_a_reopened_take_goes_on_with_the_same_detail(tmp_path: Path, rig: Rig) -> None:
    make(rig, 2)
    other = started(tmp_path / "other.astra")
    make(other, 1)
    other.close()
    again = Rig(tmp_path / "other.astra")
    make(again, 1)
    with open_artifacts(rig.session.path) as one, open_artifacts(again.session.path) as two:
        for expected, found in zip(rig.take.chunks, again.take.chunks, strict=True):
            assert one.read(expected.frames) == two.read(found.frames)
            assert one.read(expected.arrays or "") == two.read(found.arrays or "")
    again.close()


def test_changing_how_chunks_are_shown_makes_none_stale(rig: Rig) -> None:
    make(rig, 2)
    rig.session.apply(edits.set_settings(rig.take.id, {"detail": "off", "size": "832 x 480"}))
    assert [slot.state for slot in slots(rig.session.project, rig.take)][:2] == ["stored"] * 2


def test_a_take_of_several_sizes_is_exported_at_the_largest(rig: Rig) -> None:
    make(rig, 1)
    rig.session.apply(edits.set_settings(rig.take.id, {"detail": "off"}))
    make(rig, 1)
    assert rig.take.chunks[1].soft_frames is None
    assert frames_of(rig.session.path, rig.take).shape == (65, 256, 448, 3)


def test_the_player_flips_between_shown_and_soft_frames(rig: Rig) -> None:
    make(rig, 2)
    player = Player(rig.session, rig.mail.post)

    def picture(frame: int) -> Picture:
        if player.picture(rig.take.id, frame) is None:
            rig.mail.run_until(lambda: player.picture(rig.take.id, frame) is not None)
        found = player.picture(rig.take.id, frame)
        assert found is not None
        return found

    told: list[None] = []
    player.changed.connect(told.append)
    shown = picture(40)
    player.set_soft(True)
    soft = picture(40)
    player.set_soft(False)
    assert shown.shape == (256, 448, 3)
    assert soft.shape == (64, 112, 3)
    assert np.array_equal(picture(40), shown)
    assert len(told) == 2
    player.close()
