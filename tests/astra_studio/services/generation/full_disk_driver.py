"""Fills a small disk with chunks: `python full_disk_driver.py FOLDER`, run inside a mount of its own by test_full_disk.

Prints the number of chunks that were told, whether the failed one came back, and whether all of it is stored once there
is room again.
"""

from __future__ import annotations

import sys
from pathlib import Path

from astra_studio.document import edits
from astra_studio.document.errors import ProjectDiskFull
from tests.astra_studio.services.generation.test_queue import Rig


def main(folder: Path) -> None:
    """Until the disk is full, then with room again."""
    ballast = folder / "ballast"
    ballast.write_bytes(b"x" * 1_000_000)
    rig = Rig(folder / "walk.astra")
    rig.add_start()
    rig.generation.generate(rig.take.id, 200)
    rig.mail.run_until(lambda: bool(rig.generation.status.failures), 100)
    (failure,) = rig.generation.status.failures.values()
    say("failure:", failure.problem.what)
    stored = len(rig.take.chunks)
    say("stored:", 0 < stored < 200)
    try:
        for number in range(400):
            rig.session.apply(edits.set_prompt(rig.take.id, f"{number} " * 4000, ""))
    except ProjectDiskFull as error:
        say("edit:", error)
    shown = rig.session.project.current
    ballast.unlink()
    rig.generation.resume()
    rig.mail.run_until(lambda: len(rig.take.chunks) > stored, 30)
    rig.generation.cancel()
    rig.wait()
    say("as it was:", rig.take.recipe == shown.recipe and rig.take.chunks[:stored] == shown.chunks)
    say("goes on:", not rig.generation.status.failures)
    hashes = [chunk.latents_sha256 for chunk in rig.take.chunks]
    rig.close()
    again = Rig(folder / "walk.astra")
    say("reopened whole:", [chunk.latents_sha256 for chunk in again.take.chunks] == hashes)
    again.close()


def say(name: str, found: object) -> None:
    sys.stdout.write(f"{name} {found}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
