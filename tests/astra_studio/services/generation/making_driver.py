"""A program of its own that makes chunks into a project without a window, to be killed: PROJECT.

Prints the engine's process id, then the hash of every chunk that is in the file, then `step` while it makes the next.
"""

from __future__ import annotations

import sys
from pathlib import Path

from astra_studio.document.opening import open_store
from astra_studio.document.session import Session
from astra_studio.services.generation.queue import Generation, GenerationStatus
from astra_studio.services.signals import Mailbox
from engine.serving.child_engine import ChildEngine


def main() -> None:
    path = Path(sys.argv[1])
    mail = Mailbox()
    engine = ChildEngine()
    session = Session(open_store(path))
    generation = Generation(session, engine, mail.post)

    def say(*words: object) -> None:
        sys.stdout.write(" ".join(map(str, words)) + "\n")
        sys.stdout.flush()

    def told(status: GenerationStatus) -> None:
        if status.active is not None and status.active.step == 1:
            say("engine", engine.child_pid)
            say("step", status.active.index)

    generation.changed.connect(told)
    generation.finished.connect(lambda key: say("chunk", session.project.current.chunks[key[1]].latents_sha256))
    generation.generate(session.project.current.id, 20)
    try:
        mail.run_until(lambda: not generation.status.is_busy, 60)
    finally:
        generation.close()
        engine.close()
        session.close()


if __name__ == "__main__":
    main()
