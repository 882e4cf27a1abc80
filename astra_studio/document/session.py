"""The open document: its current value, undo and redo, and the listeners to its changes.

Two things change the value. An edit is the user's: it makes a step that undo takes back. A finished chunk is a fact:
it makes no step, and it is put into every value of the history in which it follows (`take_edits.place`). So undo takes
back what the user did and never what was generated; undoing "Branch" hides the branch with its chunks, and redo brings
both back. A chunk that follows in no value any more stays in the file, is listed by `loose`, and can be restored.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from astra_studio.document.derived import loose_tips
from astra_studio.document.edits import Edit
from astra_studio.document.facets import Facet, changed_facets
from astra_studio.document.model import ArtifactId, Chunk, ChunkId, Project
from astra_studio.document.reader import Step
from astra_studio.document.store import Store
from astra_studio.document.take_edits import place
from astra_studio.document.writer import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change, as listeners receive it."""

    before: Project
    after: Project
    facets: frozenset[Facet]
    origin: Literal["edit", "undo", "redo", "chunk"]


Listener = Callable[[Change], None]


class Session:
    """The open document and the only writer of its values. Belongs to the thread that makes it."""

    def __init__(self, store: Store) -> None:
        """Show the store's current value, and close the store in the end; at once, where its value cannot be read.

        Raises ProjectDamaged.
        """
        self._store = store
        try:
            steps, self._place = store.steps()
            self._steps: list[Step] = list(steps)
            self._project = store.current()
        except BaseException:
            store.close()
            raise
        self._merge_key = ""
        self._before_merge: Project | None = None
        self._listeners: list[Listener] = []
        self._thread = threading.get_ident()
        self._is_open = True

    @property
    def project(self) -> Project:
        """The current value."""
        return self._project

    @property
    def is_open(self) -> bool:
        """False once it has been closed."""
        return self._is_open

    @property
    def path(self) -> Path:
        return self._store.path

    @property
    def library(self) -> Mapping[ChunkId, Chunk]:
        """Every chunk of the file, in the order of arrival, in a take or not."""
        return self._store.library

    @property
    def undo_label(self) -> str | None:
        """The step that undo would revert; None if there is none."""
        return self._steps[self._place].label if self._place else None

    @property
    def redo_label(self) -> str | None:
        """The step that redo would repeat; None if there is none."""
        return self._steps[self._place + 1].label if self._place + 1 < len(self._steps) else None

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every change from now on; the function returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def apply(self, edit: Edit) -> Project:
        """Apply an edit, store it and notify listeners; returns the new value.

        An edit that changes nothing makes no step. Raises what the edit raises, ProjectDiskFull or another error of the
        file: the value is then what it was, and nobody is told.
        """
        self._check_thread()
        before, after = self._project, edit.change(self._project)
        if after == before:
            return before
        if not edit.label:
            self._store.rewrite(self._steps[self._place].revision, after)
        elif edit.merge_key and edit.merge_key == self._merge_key:
            self._merge(after)
        else:
            self._store.append(self._steps[self._place].revision, edit.label, after)
            self._read_steps()
            self._merge_key, self._before_merge = edit.merge_key, before
        self._become(after, "edit")
        return after

    def end_merge(self) -> None:
        """The drag is over: the next edit makes a step of its own."""
        self._merge_key = ""

    def undo(self) -> bool:
        """Undo the last step; False if there is none. Raises ProjectDamaged where its value cannot be read."""
        return self._go(self._place - 1, "undo")

    def redo(self) -> bool:
        """Redo the next step; False if there is none. Raises ProjectDamaged where its value cannot be read."""
        return self._go(self._place + 1, "redo")

    def chunk_stored(self, stored: Stored) -> None:
        """Take in a chunk that the writer has stored. Call it on the session's thread, in the writer's order."""
        self._check_thread()
        self._store.learn(stored.number, stored.chunk)
        if self._before_merge is not None:
            # What a drag is compared with when it comes back to where it began.
            self._before_merge = place(self._before_merge, stored.chunk)
        self._become(place(self._project, stored.chunk), "chunk")

    def loose(self) -> tuple[Chunk, ...]:
        """The ends of chains that are in no take now: what `take_edits.restore` can bring back."""
        return loose_tips(self._project, self.library)

    def put(self, kind: str, data: bytes) -> ArtifactId:
        """Store bytes that an edit is about to refer to, such as a start picture's."""
        self._check_thread()
        return self._store.put(kind, data)

    def read(self, artifact: ArtifactId) -> bytes:
        """The bytes of an artifact. Raises ArtifactDamaged."""
        self._check_thread()
        return self._store.read(artifact)

    def save_as(self, target: Path, progress: Callable[[float], None] = lambda _share: None) -> None:
        """Copy the whole project to `target`; see `Store.save_as`. The session stays with its own file."""
        self._check_thread()
        self._store.save_as(target, progress)

    def compact(self, *, keep_history: bool = True) -> int:
        """Remove what no step refers to; see `Store.compact`. Loose chunks go for good."""
        self._check_thread()
        saved = self._store.compact(keep_history=keep_history)
        self._read_steps()
        return saved

    def close(self) -> None:
        """Close the file. Close its writer first, so that it stores what waits."""
        self._check_thread()
        self._is_open = False
        self._store.close()

    def _read_steps(self) -> None:
        steps, self._place = self._store.steps()
        self._steps = list(steps)

    def _merge(self, after: Project) -> None:
        step = self._steps[self._place]
        if after != self._before_merge:
            self._store.rewrite(step.revision, after)
            return
        # The drag has come back to where it began: there is nothing to undo.
        self._store.drop(step.revision, self._steps[self._place - 1].revision)
        del self._steps[self._place]
        self._place -= 1
        self._merge_key = ""

    def _go(self, to: int, origin: Literal["undo", "redo"]) -> bool:
        self._check_thread()
        if not 0 <= to < len(self._steps):
            return False
        revision = self._steps[to].revision
        after = self._store.read_value(revision)
        self._store.move_head(revision)
        self._place, self._merge_key = to, ""
        self._become(after, origin)
        return True

    def _become(self, after: Project, origin: Literal["edit", "undo", "redo", "chunk"]) -> None:
        before, self._project = self._project, after
        facets = changed_facets(before, after)
        if facets:
            change = Change(before=before, after=after, facets=facets, origin=origin)
            for listener in tuple(self._listeners):
                listener(change)

    def _check_thread(self) -> None:
        assert threading.get_ident() == self._thread, "a session belongs to the thread that made it"
