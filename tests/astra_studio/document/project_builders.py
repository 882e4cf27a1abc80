"""Builds projects, chunks and files for the tests of the document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from astra_studio.document.actions import Actions, actions_of
from astra_studio.document.derived import made_ticks, recipe_at
from astra_studio.document.edits import set_start
from astra_studio.document.model import Chunk, Project, Request, Start, Take, new_id, new_project
from astra_studio.document.opening import create_store
from astra_studio.document.session import Session
from astra_studio.document.writer import ArtifactWriter, Finished, Stored
from engine.actions.moves import camera_row
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.rollout import Rollout
from engine.settings import Settings, default_settings
from engine.worlds.fake import FakeWorld
from engine.worlds.fake_settings import FAKE_SETTINGS

START = Start(artifact="picture-0", name="meadow.jpg", width_px=112, height_px=64)


def line(text: str) -> Actions:
    """The actions of a pose line."""
    return actions_of(parse_pose_line(text, clock=ASTRA_CLOCK))


def settings_of(project: Project, take: Take) -> Settings:
    """The settings of the take's next chunk."""
    return recipe_at(project, take, made_ticks(take)).settings


def moves(names: Sequence[str]) -> Actions:
    """One tick per move."""
    rows = np.stack([camera_row([name], clock=ASTRA_CLOCK) for name in names]) if names else np.zeros((0, 12))
    return Actions("camera", rows.astype("<f4").tobytes())


def chunk_after(take_id: str, chain: Sequence[Chunk], actions: Actions, **changes: object) -> Chunk:
    """A chunk that follows `chain`, its artifacts named but not stored."""
    chunk_id = new_id()
    request = Request(
        world="fake-1",
        start=START,
        index=len(chain),
        actions=actions,
        prompt="",
        negative_prompt="",
        seed=0,
        settings=default_settings(FAKE_SETTINGS),
    )
    return Chunk(
        id=chunk_id,
        take=take_id,
        parent=chain[-1].id if chain else None,
        request=replace(request, **changes),
        latents=f"latents-{chunk_id}",
        frames=f"frames-{chunk_id}",
        thumbnail=f"thumbnail-{chunk_id}",
        latents_sha256="0" * 64,
        first_latent=1,
        num_frames=4 * len(actions) + (0 if chain else START.num_frames),
    )


def project_of(path: str = "w-24") -> Project:
    """A project with a start and a path for its one take."""
    project = new_project("fake")
    take = replace(project.current, actions=line(path))
    return replace(project, start=START, takes=(take,))


class Studio:
    """An open project with a writer and a fake world: what the application is, without window and threads of Qt."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.stored: list[Stored] = []
        self.failed: list[tuple[Finished, Exception]] = []
        self.world = FakeWorld(width=48, height=32)
        self.writer = ArtifactWriter(
            session.path, self.stored.append, lambda finished, error: self.failed.append((finished, error))
        )

    def picture(self) -> None:
        """Give the project a start picture."""
        artifact = self.session.put("picture", b"a picture")
        self.session.apply(set_start(replace(START, artifact=artifact)))

    def finished(self, actions: Actions, num_chunks: int = 1) -> list[Finished]:
        """Chunks that follow the current take, as the engine hands them over."""
        project = self.session.project
        take, made = project.current, []
        frames = np.full((1, self.world.info.height, self.world.info.width, 3), 90, np.uint8)
        rollout = Rollout(self.world, frames)
        for chunk in take.chunks:
            rollout.step(chunk.request.actions.track)
        parent = take.chunks[-1].id if take.chunks else None
        for _ in range(num_chunks):
            is_first = parent is None
            chunk_id = new_id()
            result = rollout.step(actions.track)
            made.append(
                Finished(
                    id=chunk_id,
                    take=take.id,
                    parent=parent,
                    world="fake-1",
                    start=project.start,
                    seed=0,
                    result=result,
                    start_latents=self.world.open(frames, "camera").latents if is_first else None,
                    clock=ASTRA_CLOCK,
                )
            )
            parent = chunk_id
        return made

    def generate(self, actions: Actions | None = None, num_chunks: int = 1) -> list[Chunk]:
        """Make chunks at the end of the current take, store them and tell the session."""
        for finished in self.finished(actions or line("w-8"), num_chunks):
            self.writer.submit(finished)
        return self.tell()

    def tell(self) -> list[Chunk]:
        """Wait for the writer, and tell the session what it has stored."""
        self.writer.close()
        assert not self.failed, self.failed
        told, self.stored[:] = list(self.stored), []
        for stored in told:
            self.session.chunk_stored(stored)
        self.writer = ArtifactWriter(
            self.session.path, self.stored.append, lambda finished, error: self.failed.append((finished, error))
        )
        return [stored.chunk for stored in told]

    def close(self) -> None:
        self.writer.close()
        self.session.close()


def new_studio(path: Path) -> Studio:
    """A new project in a file, with a start picture."""
    studio = Studio(Session(create_store(path, new_project("fake"))))
    studio.picture()
    return studio
