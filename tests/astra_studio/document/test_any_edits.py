"""Whatever is edited, in whatever order: what holds for a project holds, undo gives back, and no chunk is lost."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from astra_studio.document import action_edits, edits, key_edits, path_edits, take_edits
from astra_studio.document.checking import check
from astra_studio.document.database import connect, transaction
from astra_studio.document.derived import lanes, loose_tips, placed_chunks, slots, total_ticks
from astra_studio.document.edits import Edit
from astra_studio.document.encoding import decode_project, encode_project
from astra_studio.document.model import ParameterKey, Project, new_id
from astra_studio.document.opening import create_store, open_store
from astra_studio.document.parameters import place_of
from astra_studio.document.paths import Drawn
from astra_studio.document.session import Session
from astra_studio.document.store import put_artifact, put_chunk
from astra_studio.document.writer import Stored
from engine.clock import ASTRA_CLOCK
from engine.trajectories.key_edits import extended
from engine.video.pictures import Crop
from tests.astra_studio.document.project_builders import START, chunk_after, moves, project_of

NAMES = st.sampled_from(["Take 1", "Take 7", "walk", "", "  ", "Straße"])
MOVES = st.lists(st.sampled_from(["w", "left", "d"]), min_size=0, max_size=5).map(moves)
DRAWN = st.sampled_from(
    [
        None,
        Drawn(path=extended(extended(None, clock=ASTRA_CLOCK), clock=ASTRA_CLOCK)),
        Drawn(path=extended(None, clock=ASTRA_CLOCK), modality="robot"),
    ]
)
SMALL = st.integers(-2, 20)
FRAMES = st.integers(-1, 50)
CHANGES = st.dictionaries(
    st.sampled_from(["guidance", "num_steps", "history_noise", "nonsense"]), st.sampled_from([0, 0.5, 3]), max_size=2
)
KEYS = st.builds(
    ParameterKey,
    parameter=st.sampled_from(["guidance", "history_noise", "text_guidance", "prompt", "nonsense"]),
    tick=SMALL,
    value=st.sampled_from([0.0, 0.5, 3, "fog"]),
    easing=st.sampled_from(["linear", "hold", "bouncy"]),
)


@st.composite
def any_edit(draw: st.DrawFn, project: Project, library: dict) -> Edit:
    """Any edit at all, on what is there; many of them cannot be done."""
    take = draw(st.sampled_from([*(take.id for take in project.takes), "gone"]))
    other = draw(st.sampled_from([take.id for take in project.takes]))
    marker = draw(st.sampled_from([*(marker.id for marker in project.markers), "gone"]))
    tick, end = draw(SMALL), draw(SMALL)
    all_keys = {place_of(key) for one in project.takes for key in one.keys} | {("guidance", 3)}
    place, key = draw(st.sampled_from(sorted(all_keys))), draw(KEYS)
    chunks = [chunk.id for one in project.takes if one.id == take for chunk in one.chunks]
    kinds = [
        lambda: edits.set_start(draw(st.sampled_from([None, START, replace(START, artifact="picture-1")]))),
        lambda: edits.set_crop(Crop(left=tick, top=0, width=50 + end, height=40)),
        lambda: edits.set_world(draw(st.sampled_from(["fake", "small-astra", ""]))),
        lambda: edits.set_prompt(take, draw(NAMES)),
        lambda: edits.set_settings(take, draw(CHANGES)),
        lambda: edits.reset_settings(take),
        lambda: edits.set_seed(take, tick, is_locked=draw(st.booleans())),
        lambda: edits.set_num_latents(take, draw(st.sampled_from([None, 4, 8, 0]))),
        lambda: edits.save_preset(draw(NAMES), take),
        lambda: edits.use_preset(draw(NAMES), take),
        lambda: edits.delete_preset(draw(NAMES)),
        lambda: edits.add_marker(new_id(), draw(FRAMES), draw(NAMES)),
        lambda: edits.move_marker(marker, draw(FRAMES)),
        lambda: edits.rename_marker(marker, draw(NAMES)),
        lambda: edits.delete_marker(marker),
        lambda: edits.set_work_area(draw(st.none() | FRAMES), draw(st.none() | FRAMES)),
        lambda: edits.select(take, compared=draw(st.sampled_from([None, other])), ticks=draw(st.just((tick, end)))),
        lambda: action_edits.set_actions(take, draw(MOVES)),
        lambda: action_edits.paint(take, tick, draw(MOVES)),
        lambda: path_edits.set_path(take, draw(DRAWN)),
        lambda: path_edits.keep_path(take, draw(NAMES)),
        lambda: path_edits.add_path(draw(NAMES), draw(MOVES), "walk.json", clock=ASTRA_CLOCK),
        lambda: path_edits.use_path(draw(NAMES), take),
        lambda: path_edits.rename_path(draw(NAMES), draw(NAMES)),
        lambda: path_edits.delete_path(draw(NAMES)),
        lambda: key_edits.add_key(take, key),
        lambda: key_edits.add_key(take, key),
        lambda: key_edits.set_keys(take, (key,), "Set keys"),
        lambda: key_edits.set_value(take, place, key.value),
        lambda: key_edits.set_easing(take, [place], key.easing),
        lambda: key_edits.delete_keys(take, [place]),
        lambda: key_edits.set_parameter(take, place[0], key.value),
        lambda: take_edits.lock(take, chunks[: tick % 4], draw(st.booleans())),
        lambda: take_edits.new_take(new_id()),
        lambda: take_edits.branch(take, tick % 4, new_id()),
        lambda: take_edits.redo_from(take, tick % 4, new_id(), draw(CHANGES), draw(st.sampled_from([None, 4]))),
        lambda: take_edits.delete_tail(take, tick % 4),
        lambda: take_edits.rename(take, draw(NAMES)),
        lambda: take_edits.star(take, draw(st.booleans())),
        lambda: take_edits.delete_take(take, new_id()),
        lambda: take_edits.restore(draw(st.sampled_from([*library, "gone"])), library, new_id()),
    ]
    return draw(st.sampled_from(kinds))()


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_any_sequence_of_edits_keeps_what_always_holds(data):
    project, library = project_of(), {}
    for _ in range(data.draw(st.integers(5, 25))):
        if data.draw(st.integers(0, 3)) == 0:
            take = data.draw(st.sampled_from(project.takes))
            chunk = chunk_after(take.id, take.chunks, moves(["w", "left"]))
            library[chunk.id] = chunk
            project = take_edits.place(project, chunk)
            assert chunk.id in placed_chunks(project)
        edit = data.draw(any_edit(project, library))
        before = encode_project(project)
        try:
            after = edit.change(project)
        except (ValueError, KeyError):
            after = project
        assert encode_project(project) == before  # an edit leaves the value that it starts from alone
        check(after)
        assert decode_project(encode_project(after), library) == after
        for take in after.takes:
            assert sum(slot.stop - slot.start for slot in slots(after, take)) == total_ticks(take)
        assert {lane.row for lane in lanes(after)} == set(range(len(after.takes)))
        project = after


class OpenProject(RuleBasedStateMachine):
    """A session over a real file: edits, undo, redo, chunks that arrive, and being opened again."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "walk.astra"
        self.session = Session(create_store(self.path, project_of()))
        self.arrived: list[str] = []
        self.in_flight: list = []
        self.writer = connect(self.path)

    def teardown(self) -> None:
        self.writer.close()
        self.session.close()
        shutil.rmtree(self.folder)

    @initialize()
    def start(self) -> None:
        with transaction(self.writer, self.path):
            put_artifact(self.writer, "picture", b"a")
            self.writer.execute("INSERT INTO artifacts VALUES (?, 'picture', '', x'')", (START.artifact,))

    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        edit = data.draw(any_edit(self.session.project, dict(self.session.library)))
        before, label, redo = self.session.project, self.session.undo_label, self.session.redo_label
        try:
            self.session.apply(edit)
        except (ValueError, KeyError):
            assert self.session.project is before
            assert (self.session.undo_label, self.session.redo_label) == (label, redo)

    @rule()
    def let_go(self) -> None:
        self.session.end_merge()

    @rule(data=st.data())
    def begin_a_chunk(self, data: st.DataObject) -> None:
        take = data.draw(st.sampled_from(self.session.project.takes))
        if not take.actions.data or take.actions.modality == "camera":
            self.in_flight.append(chunk_after(take.id, take.chunks, moves(["w", "d"])))

    @precondition(lambda self: self.in_flight)
    @rule()
    def a_chunk_arrives(self) -> None:
        chunk = self.in_flight.pop(0)
        with transaction(self.writer, self.path):
            for artifact in (chunk.latents, chunk.frames, chunk.thumbnail):
                self.writer.execute("INSERT INTO artifacts VALUES (?, 'x', '', x'')", (artifact,))
            number = put_chunk(self.writer, chunk)
        self.session.chunk_stored(Stored(number=number, chunk=chunk))
        self.arrived.append(chunk.id)

    @rule()
    def undo(self) -> None:
        before = self.session.project
        if self.session.undo():
            self.session.redo()
            assert self.session.project == before
            self.session.undo()

    @rule()
    def redo(self) -> None:
        before = self.session.project
        if self.session.redo():
            self.session.undo()
            assert self.session.project == before
            self.session.redo()

    @rule()
    def open_again(self) -> None:
        before, labels = self.session.project, (self.session.undo_label, self.session.redo_label)
        self.writer.close()
        self.session.close()
        self.session = Session(open_store(self.path))
        self.writer = connect(self.path)
        assert self.session.project == before
        assert (self.session.undo_label, self.session.redo_label) == labels

    @invariant()
    def is_sound(self) -> None:
        check(self.session.project)

    @invariant()
    def every_chunk_is_in_a_take_or_can_be_restored(self) -> None:
        library = self.session.library
        assert list(library) == self.arrived
        shown = set(placed_chunks(self.session.project))
        for tip in loose_tips(self.session.project, library):
            shown |= {chunk.id for chunk in take_edits.chain_to(tip.id, library)}
        assert shown == set(self.arrived)


TestOpenProject = OpenProject.TestCase
TestOpenProject.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_undoing_everything_gives_the_first_value_back(data):
    with tempfile.TemporaryDirectory() as folder:
        first = project_of()
        session = Session(create_store(Path(folder) / "walk.astra", first))
        with closing(session):
            for _ in range(20):
                edit = data.draw(any_edit(session.project, {}))
                if edit.label:
                    try:
                        session.apply(edit)
                    except (ValueError, KeyError):
                        continue
            last = session.project
            while session.undo():
                pass
            assert session.project == first
            while session.redo():
                pass
            assert session.project == last


@pytest.mark.parametrize("broken", ["tip", "start", "nothing"])
def test_a_text_that_is_no_project_is_refused_with_a_reason(broken):
    text = encode_project(project_of())
    damaged = {
        "tip": text.replace('"tip":null', '"tip":"gone"'),
        "start": text.replace('"crop"', '"crap"'),
        "nothing": "[]",
    }
    with pytest.raises(ValueError, match=r"not in the project|not written as expected"):
        decode_project(damaged[broken], {})
