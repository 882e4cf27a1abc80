"""Failures in the problem bar: a chunk that failed or a world that could not be opened, and what helps."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject

from astra_studio.document.derived import latents_per_chunk
from astra_studio.document.edits import set_num_latents
from astra_studio.problems import Problem
from astra_studio.services.generation.queue import Failure, GenerationStatus, SlotKey
from ui.studio import Studio

_WORLD = "world"


class Failures(QObject):
    """Follows the generation: every failure has its row, and the row goes when the failure does."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._shown: dict[SlotKey, Failure] = {}
        self._world: Problem | None = None
        studio.making_changed.connect(self._follow)
        studio.project_opened.connect(self._forget)
        attach = studio.commands.attach
        attach("generate.retry", self._retry, enabled=lambda: bool(self._shown))
        attach("generate.retry_short", self._retry_short, enabled=self._can_be_shorter)

    # ------------------------------------------------------------------ what helps

    def _retry(self) -> None:
        """Continue the take whose chunk failed last."""
        take = next(reversed(self._shown))[0]
        self._studio.guarded(lambda: self._studio.generation.generate(take, 1), key="generate")

    def _retry_short(self) -> None:
        project, take_id = self._studio.project, next(reversed(self._shown))[0]
        half = latents_per_chunk(project, project.take(take_id)) // 2
        if self._studio.apply(set_num_latents(take_id, half)):
            self._retry()

    def _can_be_shorter(self) -> bool:
        if not self._shown:
            return False
        project, take_id = self._studio.project, next(reversed(self._shown))[0]
        return project.has_take(take_id) and latents_per_chunk(project, project.take(take_id)) > 1

    # ------------------------------------------------------------------ what is told

    def _follow(self, status: GenerationStatus) -> None:
        self._follow_world(status.world_problem)
        for slot in [slot for slot in self._shown if slot not in status.failures]:
            del self._shown[slot]
            self._studio.problem_gone.emit(_key(slot))
        for slot, failure in status.failures.items():
            if self._shown.get(slot) is not failure:
                self._shown[slot] = failure
                # Where the world itself failed, its own row says why; the cell in the timeline says which chunk waits.
                if failure.problem is not status.world_problem:
                    self._show(slot, failure)

    def _show(self, slot: SlotKey, failure: Failure) -> None:
        what = self.tr("Chunk {0} failed. {1}").format(failure.index + 1, failure.problem.what)
        remedy = (self.tr("Try again"), "generate.retry")
        if failure.kind == "out_of_memory" and self._can_be_shorter():
            remedy = (self.tr("Retry with shorter chunks"), "generate.retry_short")
        elif failure.kind == "bug":
            remedy = (self.tr("Copy diagnostics"), "help.copy_diagnostics")
        problem = replace(failure.problem, what=what)
        self._studio.raise_problem(problem, key=_key(slot), remedy=remedy, details=failure.details)

    def _follow_world(self, problem: Problem | None) -> None:
        if problem is self._world:
            return
        self._world = problem
        if problem is None:
            self._studio.problem_gone.emit(_WORLD)
        else:
            self._studio.raise_problem(problem, key=_WORLD, remedy=(self.tr("Choose a world"), "generate.world"))

    def _forget(self) -> None:
        for slot in self._shown:
            self._studio.problem_gone.emit(_key(slot))
        self._shown, self._world = {}, None
        self._studio.problem_gone.emit(_WORLD)


def _key(slot: SlotKey) -> str:
    return f"chunk/{slot[0]}/{slot[1]}"
