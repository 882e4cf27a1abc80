"""Makes the projects of this folder, with the program of the commit that README.md names: its checkout on PYTHONPATH.

Beside each project goes what that program said of it (`info --json`) and the latents of the chunk that it makes next.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image

from astra_studio.commands.info import described
from astra_studio.document import action_edits, edits, key_edits, path_edits, take_edits
from astra_studio.document.actions import Actions, actions_of
from astra_studio.document.chunk_files import decode_latents
from astra_studio.document.model import Marker, ParameterKey, Start, WorkArea, new_id, new_project
from astra_studio.document.opening import create_store, open_store
from astra_studio.document.paths import Drawn
from astra_studio.document.session import Session
from astra_studio.services.batch import Keys
from astra_studio.services.batch_jobs import read_jobs
from astra_studio.services.engine_thread import EngineThread
from astra_studio.services.generation import Generation
from astra_studio.services.posting import Mailbox
from astra_studio.services.starts import read_start
from engine.actions.modality import DRIVING, ActionTrack
from engine.actions.pose_line import parse_pose_line
from engine.actions.presets import released_driving_sequence
from engine.clock import ASTRA_CLOCK
from engine.trajectories.path import CameraPath, Key
from engine.video.encode import VideoWriter
from engine.video.pictures import Crop

HERE = Path(__file__).parent
MEADOW = HERE.parents[2] / "assets" / "pictures" / "meadow.jpg"


class Author:
    """Somebody who edits a project and has its chunks made."""

    def __init__(self, path: Path, world: str) -> None:
        self.mail = Mailbox()
        self.engine = EngineThread(lambda _answer: None, in_process=True)
        self.session = Session(open_store(path) if path.exists() else create_store(path, new_project(world)))
        self.generation = Generation(self.session, self.engine, self.mail.post, device="cpu")

    @property
    def take(self):
        return self.session.project.current

    def start_from(self, picture: Path) -> None:
        new = read_start(picture, clock=ASTRA_CLOCK)
        content = {name: getattr(new.start, name) for name in Start.__dataclass_fields__}
        content["artifact"] = self.session.put(new.start.kind, new.data)
        self.session.apply(edits.set_start(Start(**content)))

    def ask(self, line: str) -> None:
        self.session.apply(action_edits.set_actions(self.take.id, actions_of(parse_pose_line(line, clock=ASTRA_CLOCK))))

    def generate(self, num_chunks: int | None = None) -> None:
        self.generation.generate(self.take.id, num_chunks)
        self.mail.run_until(lambda: not self.generation.making.is_busy, 60)
        assert not self.generation.making.failures

    def close(self) -> None:
        self.generation.close()
        self.engine.close()
        self.mail.run_pending()
        self.session.close()


def keep(author: Author, name: str) -> None:
    """Close the project, describe it, and let a copy of it make the current take's next chunk."""
    author.close()
    path = author.session.path
    content = described(path)
    del content["file"], content["bytes"]
    for take in content["takes"]:
        for chunk in take["chunks"]:
            del chunk["seconds"]
    (HERE / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    shutil.copyfile(path, HERE / f"{name}.astra")
    again = Author(path, "")
    before = len(again.take.chunks)
    again.generate(1)
    assert len(again.take.chunks) == before + 1
    latents = decode_latents(again.session.read(again.take.chunks[-1].latents))
    np.save(HERE / f"{name}.npy", latents)
    again.close()


def make_walk(folder: Path) -> None:
    """Takes, branches, keys, a path, locks, stale and loose chunks, presets, markers, a seed above 2^53."""
    ramp = np.mgrid[:96, :168].sum(0)
    Image.fromarray(np.stack([ramp % 256, ramp // 2, 200 - ramp // 2], -1).astype(np.uint8)).save(folder / "ramp.png")
    author = Author(folder / "walk.astra", "fake")
    apply = author.session.apply
    author.start_from(folder / "ramp.png")
    apply(edits.set_crop(Crop(left=4.0, top=3.0, width=154.0, height=88.0)))
    first = author.take.id
    keys = (
        Key(time_s=0.0, position=(0.0, 0.0, 0.0)),
        Key(time_s=1.4, position=(0.02, 0.0, 0.21), easing="arc", tangent=(0.0, 0.0, 0.2), pace=0.8),
        Key(time_s=3.2, position=(0.1, -0.02, 0.42), look_at=(0.0, 0.0, 2.0)),
        Key(time_s=4.8, position=(0.3, 0.0, 0.55), easing="linear"),
    )
    apply(path_edits.set_path(first, Drawn(path=CameraPath(keys=keys))))
    apply(path_edits.keep_path(first, "round the hill"))
    apply(edits.set_seed(first, 2**53 + 1, is_locked=True))
    apply(edits.set_prompt(first, "a meadow in spring", "blurred"))
    apply(edits.set_settings(first, {"num_steps": 3, "solver": "unipc", "history_noise_on": "all"}))
    apply(edits.save_preset("quick", first))
    parameter_keys = (
        ParameterKey(parameter="guidance", tick=0, value=1.0),
        ParameterKey(parameter="guidance", tick=16, value=3.0),
        ParameterKey(parameter="history_noise", tick=8, value=0.25, easing="hold"),
        ParameterKey(parameter="prompt", tick=0, value="a meadow in spring", easing="hold"),
        ParameterKey(parameter="prompt", tick=16, value="snow on the hills", easing="hold"),
    )
    apply(key_edits.set_keys(first, parameter_keys, "Set keys"))
    author.generate()
    apply(take_edits.lock(first, [author.take.chunks[0].id], True))
    apply(take_edits.star(first, True))
    apply(take_edits.rename(first, "Round the hill"))
    apply(edits.add_marker(new_id(), 40, "the turn"))
    apply(edits.set_work_area(10, 61))

    apply(take_edits.branch(first, 1, new_id()))
    author.ask("w-8 right-8")
    apply(edits.set_settings(author.take.id, {"shift": 4.0}))
    author.generate()
    author.ask("w-8 a-8")  # the second chunk is stale now
    second = author.take.id

    apply(take_edits.new_take(new_id()))
    author.ask("w-10")
    apply(key_edits.set_keys(author.take.id, (), "Delete keys"))
    apply(edits.set_num_latents(author.take.id, 5))
    apply(edits.set_seed(author.take.id, 2**63 - 1, is_locked=False))
    author.generate(1)

    apply(take_edits.branch(second, 1, new_id()))
    author.generate(1)
    apply(take_edits.delete_take(author.take.id, new_id()))  # its chunk is in the file, and in no take
    apply(edits.select(second, compared=first, ticks=(8, 16)))
    apply(edits.select(first, compared=second, ticks=(8, 16)))
    assert author.session.project.work_area == WorkArea(start=10, stop=61)
    assert isinstance(author.session.project.markers[0], Marker)
    assert len(author.session.loose()) == 1
    keep(author, "walk")


def make_bundled(folder: Path) -> None:
    """Two chunks of the bundled world, and eight more ticks planned."""
    picture = Image.open(MEADOW)
    picture.resize((224, round(224 * picture.height / picture.width))).save(folder / "meadow.jpg", quality=85)
    author = Author(folder / "bundled.astra", "small-astra")
    author.start_from(folder / "meadow.jpg")
    author.ask("w-8 left-8 w+right-8")
    author.session.apply(edits.set_settings(author.take.id, {"history_noise": 0.1, "guidance": 2.5}))
    author.generate(2)
    keep(author, "bundled")


def make_driving(folder: Path) -> None:
    """A car on a circle that goes on from a clip of nine frames."""
    with VideoWriter(folder / "street.mp4", width=56, height=32, fps=20) as video:
        for number in range(9):
            video.write(np.full((1, 32, 56, 3), 60 + 10 * number, np.uint8))
    author = Author(folder / "driving.astra", "fake")
    author.start_from(folder / "street.mp4")
    rows = released_driving_sequence(4)[:24]
    asked: Actions = actions_of(ActionTrack(DRIVING, rows))
    author.session.apply(path_edits.set_modality(author.take.id, "driving"))
    author.session.apply(action_edits.set_actions(author.take.id, asked))
    author.generate(2)
    keep(author, "driving")


def describe_jobs(name: str) -> None:
    """Keep what the program read in a JOBS.toml, and the hash by which a folder of videos knows a job."""
    keys = Keys({"small-astra": HERE})
    jobs = []
    for job in read_jobs(HERE / f"{name}.toml"):
        content = asdict(job) | {"image": job.image.name}
        if Path(job.trajectory).is_absolute():
            content["trajectory"] = Path(job.trajectory).name
        # Rows of no motion are the same to the last bit on every machine.
        has_key = job.world == "fake" and job.trajectory == "hold-8"
        jobs.append(content | ({"key": keys.of(job)} if has_key else {}))
    (HERE / f"{name}.json").write_text(json.dumps(jobs, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for make in (make_walk, make_bundled, make_driving):
            make(Path(place))
    describe_jobs("jobs-grid")
    describe_jobs("jobs-list")
    sys.stdout.write("made\n")
