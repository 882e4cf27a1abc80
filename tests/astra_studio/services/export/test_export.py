"""Exports of real takes: which frames, what is drawn into them, what they say of how they were made, and back again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from astra_studio.document import edits, take_edits
from astra_studio.document.actions import joined
from astra_studio.document.model import Take, new_id
from astra_studio.services.export.export import (
    ExportRequest,
    chosen_spans,
    chunk_spans,
    export,
    export_frame,
    frame_spans,
)
from astra_studio.services.export.record import MARK, VERSION, as_metadata, record_of, sidecar_of
from astra_studio.services.export.restore import read_record, restored
from astra_studio.services.export.source import TakeSource
from engine.messages import Cancelled, Frames
from engine.video.decode import read_frames
from engine.video.exporters import EXPORTERS
from engine.worlds.fake import HEIGHT, WIDTH
from tests.astra_studio.services.generation.test_queue import Rig


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Two takes: one of three chunks, and a branch of two that shares the first and turns another way."""
    made = Rig(tmp_path_factory.mktemp("export") / "walk.astra")
    made.add_start()
    made.plan("w-8 left-8 d-8")
    made.generation.generate(made.take.id)
    made.wait()
    made.session.apply(take_edits.branch(made.take.id, 1, new_id()))
    made.plan("w-8 right-8")
    made.session.apply(edits.set_settings(made.take.id, {"guidance": 2.5}))
    made.generation.generate(made.take.id)
    made.wait()
    assert [len(take.chunks) for take in made.session.project.takes] == [3, 2]
    yield made
    made.close()


@pytest.fixture
def first(rig: Rig) -> Take:
    return rig.session.project.takes[0]


@pytest.fixture
def branch(rig: Rig) -> Take:
    return rig.session.project.takes[1]


def frames_of(project: Path, take: Take) -> Frames:
    with TakeSource(project, take) as source:
        return np.stack([source.picture(number) for number in range(source.num_frames)])


def asked(rig: Rig, take: Take, out: Path, **options: object) -> ExportRequest:
    return ExportRequest(project=rig.session.path, take=take, out=out, **options)


def pictures(folder: Path) -> np.ndarray:
    return np.stack([np.array(Image.open(file)) for file in sorted(folder.iterdir())])


# ---------------------------------------------------------------------- which frames


def test_a_whole_take_comes_back_frame_by_frame(rig: Rig, first: Take, tmp_path: Path) -> None:
    export(asked(rig, first, tmp_path / "take.mkv"))
    found = np.stack(list(read_frames(tmp_path / "take.mkv")))
    assert len(found) == 97
    assert (found == frames_of(rig.session.path, first)).all(), "FFV1 loses nothing of what is stored"


@pytest.mark.parametrize(
    ("chosen", "spans"),
    [
        ("2", ((33, 65),)),
        ("1-2", ((0, 65),)),
        ("1, 3", ((0, 33), (65, 97))),
        ("1,2 - 3", ((0, 97),)),
        ("3,1", ((65, 97), (0, 33))),
    ],
)
def test_chunks_are_chosen_as_people_count(first: Take, chosen: str, spans: tuple[tuple[int, int], ...]) -> None:
    assert chunk_spans(first, chosen) == spans


@pytest.mark.parametrize("chosen", ["", "a", "1-", "-2", "0", "4", "3-2", "1;2", "²"])
def test_chunks_that_are_none_are_explained(first: Take, chosen: str) -> None:
    with pytest.raises(ValueError, match=r"1, 3-4|chunks 1 to 3"):
        chunk_spans(first, chosen)
    assert isinstance(chosen_spans(first, chosen), str)


@pytest.mark.parametrize(("chosen", "span"), [("33:65", (33, 65)), (":10", (0, 10)), ("90:", (90, 97))])
def test_a_range_of_frames_may_be_open(first: Take, chosen: str, span: tuple[int, int]) -> None:
    assert frame_spans(first, chosen) == (span,)
    with pytest.raises(ValueError, match="33:97"):
        frame_spans(first, "ten")


def test_chosen_chunks_stand_one_after_the_other(rig: Rig, first: Take, tmp_path: Path) -> None:
    export(asked(rig, first, tmp_path / "parts", parts=((65, 97), (0, 1))))
    whole = frames_of(rig.session.path, first)
    assert (pictures(tmp_path / "parts") == np.concatenate([whole[65:97], whole[:1]])).all()


@pytest.mark.parametrize("parts", [((0, 98),), ((50, 50),), ((-1, 3),)])
def test_frames_that_are_not_there_are_refused(rig: Rig, first: Take, tmp_path: Path, parts: object) -> None:
    with pytest.raises(ValueError, match="frames 0 to 96"):
        export(asked(rig, first, tmp_path / "take.mp4", parts=parts))
    assert list(tmp_path.iterdir()) == []


def test_a_take_without_chunks_is_refused(rig: Rig, tmp_path: Path) -> None:
    empty = Take(id=new_id(), name="Empty")
    with pytest.raises(ValueError, match="Empty has no chunks yet"):
        export(asked(rig, empty, tmp_path / "take.mp4"))
    with pytest.raises(ValueError, match="Empty has no chunks yet"):
        export_frame(rig.session.path, empty, 0, tmp_path / "frame.png")


def test_one_frame_is_a_picture(rig: Rig, first: Take, tmp_path: Path) -> None:
    export_frame(rig.session.path, first, 40, tmp_path / "frame.png")
    assert (np.array(Image.open(tmp_path / "frame.png")) == frames_of(rig.session.path, first)[40]).all()


# ---------------------------------------------------------------------- what is drawn


def test_two_takes_side_by_side_and_the_shorter_one_stands_still(
    rig: Rig, first: Take, branch: Take, tmp_path: Path
) -> None:
    export(asked(rig, first, tmp_path / "both", beside=branch, parts=((40, 41), (90, 91))))
    found = pictures(tmp_path / "both")
    left, right = frames_of(rig.session.path, first), frames_of(rig.session.path, branch)
    assert found.shape == (2, HEIGHT, 2 * WIDTH, 3)
    assert (found[:, :, :WIDTH] == left[[40, 90]]).all()
    assert (found[:, :, WIDTH:] == right[[40, 64]]).all()


def test_pictures_can_be_made_larger_and_the_hud_stays_sharp(rig: Rig, first: Take, tmp_path: Path) -> None:
    export(asked(rig, first, tmp_path / "large", scale=4, has_hud=True, parts=((0, 2),)))
    start, forward = pictures(tmp_path / "large").astype(int)
    assert start.shape == (4 * HEIGHT, 4 * WIDTH, 3)
    small = start.reshape(HEIGHT, 4, WIDTH, 4, 3).mean((1, 3))
    assert np.abs(small - frames_of(rig.session.path, first)[0]).mean() < 5
    assert (np.abs(forward - (242, 179, 61)).max(-1) < 3).sum() > 100
    with pytest.raises(ValueError, match="1 to 16 times"):
        export(asked(rig, first, tmp_path / "huge", scale=17))


def test_the_hud_shows_the_action_of_each_frame_and_none_on_the_start(rig: Rig, first: Take, tmp_path: Path) -> None:
    export(asked(rig, first, tmp_path / "hud", has_hud=True, parts=((0, 1), (1, 2), (33, 34))))
    start, forward, left = pictures(tmp_path / "hud").astype(int)
    plain = frames_of(rig.session.path, first).astype(int)
    assert (start == plain[0]).all()

    def lit(picture: np.ndarray) -> tuple[bool, bool]:
        amber = np.abs(picture - (242, 179, 61)).max(-1) < 12
        return bool(amber[:, : WIDTH // 2].any()), bool(amber[:, WIDTH // 2 :].any())

    assert lit(forward) == (True, False), "W is on the left"
    assert lit(left) == (False, True), "the arrows are on the right"


# ---------------------------------------------------------------------- what it says of itself


def test_the_record_has_everything_that_made_the_frames(rig: Rig, branch: Take, first: Take, tmp_path: Path) -> None:
    out = tmp_path / "take.mp4"
    export(asked(rig, branch, out, has_hud=True, beside=first, parts=((33, 65),)))
    record = json.loads(sidecar_of(out).read_text())
    assert record == read_record(out), "the video carries the same as the file beside it"
    assert (record["take"], record["parts"], record["fps"], record["hud"]) == ("Take 2", [[33, 65]], 20, True)
    assert record["beside"]["take"] == "Take 1"
    for chunk, made in zip(record["chunks"], branch.chunks, strict=True):
        assert chunk["world"] == made.request.world
        assert chunk["seed"] == made.request.seed
        assert chunk["settings"]["guidance"] == made.request.settings["guidance"]
        assert chunk["latents_sha256"] == made.latents_sha256
        assert (np.array(chunk["rows"], np.float32) == made.request.actions.rows).all()


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "json"])
def test_an_export_brings_its_settings_back_in_one_undo_step(
    rig: Rig, branch: Take, tmp_path: Path, suffix: str
) -> None:
    out = export(asked(rig, branch, tmp_path / f"take.{'mp4' if suffix == 'json' else suffix}"))
    path = sidecar_of(out) if suffix == "json" else out
    session = rig.session
    session.apply(take_edits.new_take(new_id()))
    before = session.project
    found = restored(path, before)
    assert found is not None
    session.apply(found.edit)
    take = session.project.current
    assert take.actions == joined([chunk.request.actions for chunk in branch.chunks])
    assert (take.recipe.seed, take.recipe.seed_is_locked) == (branch.chunks[0].request.seed, True)
    assert found.missing == ("Chunks with other settings or seeds: 2",)
    session.undo()
    assert session.project == before
    session.undo()


def test_what_cannot_be_restored_is_said(rig: Rig, first: Take, tmp_path: Path) -> None:
    record = record_of(first, ((0, 97),))
    path = tmp_path / "take.json"
    record["chunks"][0]["world"] = record["chunks"][1]["world"] = record["chunks"][2]["world"] = "another"
    record["start"] |= {"artifact": "picture-0", "name": "lake.jpg"}
    path.write_text(json.dumps(record))
    found = restored(path, rig.session.project)
    assert found is not None
    assert found.missing == ("It was made by another world", "Its start was lake.jpg")


def test_other_files_are_no_exports(rig: Rig, tmp_path: Path) -> None:
    project = rig.session.project
    for name, content in (("a.json", b"{}"), ("b.json", b"rubbish"), ("c.json", b"\xff\xfe"), ("d.mp4", b"rubbish")):
        (tmp_path / name).write_bytes(content)
        assert restored(tmp_path / name, project) is None
    with av.open(str(tmp_path / "e.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=20)
        stream.width = stream.height = 16
        container.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        container.mux(stream.encode(None))
    assert restored(tmp_path / "e.mp4", project) is None


def test_a_newer_and_a_damaged_record_are_explained(first: Take, rig: Rig, tmp_path: Path) -> None:
    path, project = tmp_path / "take.json", rig.session.project
    path.write_text(json.dumps({MARK: VERSION + 1, "program": "Astra Studio 9"}))
    with pytest.raises(ValueError, match="newer Astra Studio"):
        restored(path, project)
    for broken in ({MARK: 1}, {MARK: 1, "chunks": []}, {MARK: 1, "chunks": [1]}, {MARK: 1, "chunks": [{"rows": 3}]}):
        path.write_text(json.dumps(broken))
        with pytest.raises(ValueError, match="a part of it is missing"):
            restored(path, project)
    with pytest.raises(FileNotFoundError):
        restored(tmp_path / "nowhere.mp4", project)


def test_a_long_take_still_fits_into_its_video(first: Take, tmp_path: Path) -> None:
    """1200 chunks, half an hour: far more than a video's metadata usually are."""
    record = record_of(first, ((0, 97),))
    record["chunks"] = record["chunks"] * 400
    metadata = as_metadata(record)
    assert len(metadata["comment"]) > 1_000_000
    for kind in ("mp4", "mkv"):
        exporter = EXPORTERS[kind](tmp_path / f"long.{kind}", 16, 16, 20, metadata)
        exporter.write(np.zeros((2, 16, 16, 3), np.uint8))
        exporter.finish()
        assert read_record(tmp_path / f"long.{kind}") == record


# ---------------------------------------------------------------------- when it does not end well


@pytest.mark.parametrize("name", ["take.mp4", "take.mkv", "take.gif", "take.webp", "take"])
def test_cancel_leaves_nothing_behind_and_an_older_file_as_it_was(
    rig: Rig, first: Take, tmp_path: Path, name: str
) -> None:
    if "." in name:
        (tmp_path / name).write_bytes(b"older")

    def tell(share: float, _words: str) -> None:
        if share > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        export(asked(rig, first, tmp_path / name), tell)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == ([b"older"] if "." in name else [])


def test_a_kind_of_file_that_is_not_known_is_refused(rig: Rig, first: Take, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.mp4, \.mkv, \.gif, \.webp"):
        export(asked(rig, first, tmp_path / "take.avi"))
