"""Timelines for video editors, read back by OpenTimelineIO itself where it is installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from astra_studio.document import edits
from astra_studio.document.model import Take, new_id, new_project
from astra_studio.services.export.timeline_file import TimelineRequest, export_timeline, timeline_of
from engine.messages import Cancelled
from engine.video.decode import probe
from tests.astra_studio.services.export.test_export import rig
from tests.astra_studio.services.generation.test_queue import Rig

__all__ = ["rig"]


def asked(rig: Rig, out: Path, **changes: object) -> TimelineRequest:
    project = rig.session.project
    usual = {"project": project, "path": rig.session.path, "takes": project.takes, "out": out}
    return TimelineRequest(**usual | changes)


def test_every_take_is_a_track_of_clips_with_their_settings(rig: Rig, tmp_path: Path) -> None:
    export_timeline(asked(rig, tmp_path / "walk.otio"))
    content = json.loads((tmp_path / "walk.otio").read_text())
    tracks = content["tracks"]["children"]
    assert [(track["name"], track["enabled"], len(track["children"])) for track in tracks] == [
        ("Take 1", False, 3),
        ("Take 2", True, 2),
    ]
    for track, take in zip(tracks, rig.session.project.takes, strict=True):
        end = 0.0
        for clip, chunk in zip(track["children"], take.chunks, strict=True):
            place = clip["source_range"]
            assert (place["start_time"]["value"], place["start_time"]["rate"]) == (end, 20.0)
            end += place["duration"]["value"]
            video = tmp_path / clip["media_reference"]["target_url"]
            assert clip["metadata"]["astra_studio"]["latents_sha256"] == chunk.latents_sha256
        assert probe(video).num_frames == end
    assert sorted(file.name for file in (tmp_path / "walk-media").iterdir()) == ["take-1.mp4", "take-2.mp4"]


def test_opentimelineio_reads_it(rig: Rig, tmp_path: Path) -> None:
    otio = pytest.importorskip("opentimelineio")
    rig.session.apply(edits.add_marker(new_id(), 40, "the turn"))
    export_timeline(asked(rig, tmp_path / "walk.otio"))
    timeline = otio.adapters.read_from_file(str(tmp_path / "walk.otio"))
    assert timeline.name == "walk"
    assert timeline.duration() == otio.opentime.RationalTime(97, 20)
    first, second = timeline.video_tracks()
    assert [clip.duration().value for clip in first.find_clips()] == [33, 32, 32]
    assert (first.enabled, second.enabled) == (False, True)
    clip = second.find_clips()[1]
    assert clip.media_reference.target_url == "walk-media/take-2.mp4"
    assert clip.media_reference.available_range.duration.value == 65
    assert clip.metadata["astra_studio"]["settings"]["guidance"] == 2.5
    assert clip.range_in_parent().start_time.value == 33
    (marker,) = timeline.tracks.markers
    assert (marker.name, marker.marked_range.start_time.value) == ("the turn", 40)
    again = tmp_path / "again.otio"
    otio.adapters.write_to_file(timeline, str(again))
    assert otio.adapters.read_from_file(str(again)).is_equivalent_to(timeline)


def test_cancel_leaves_no_timeline_and_no_new_videos(rig: Rig, tmp_path: Path) -> None:
    def tell(share: float, _words: str) -> None:
        if share > 0.8:
            raise Cancelled

    with pytest.raises(Cancelled):
        export_timeline(asked(rig, tmp_path / "walk.otio"), tell)
    assert list(tmp_path.iterdir()) == []


def test_takes_without_chunks_are_left_out_and_names_stay_apart() -> None:
    project = new_project("fake")
    empty = Take(id=new_id(), name="Empty")
    with pytest.raises(ValueError, match="no take has chunks yet"):
        export_timeline(TimelineRequest(project=project, path=Path("x"), takes=(empty,), out=Path("x.otio")))


def test_the_first_track_is_on_where_the_current_take_is_not_among_them(rig: Rig) -> None:
    first = rig.session.project.takes[0]
    content = timeline_of(rig.session.project, (first,), {first.id: "first.mp4"}, "walk")
    assert [track["enabled"] for track in content["tracks"]["children"]] == [True]


def test_files_of_takes_have_plain_names_of_their_own() -> None:
    from astra_studio.services.export.timeline_file import _file_names

    names = ("Take 1", "Take-1", "Über den See", "湖")
    takes = tuple(Take(id=new_id(), name=name) for name in names)
    assert _file_names(takes) == ["take-1", "take-1-2", "ber-den-see", "take"]
