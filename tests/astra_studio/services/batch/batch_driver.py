"""A program of its own that renders a batch, to be killed: JOBS.toml, DIR, seconds per chunk. Tells every chunk."""

from __future__ import annotations

import sys
from pathlib import Path

from astra_studio.services.batch.jobs_file import read_jobs
from astra_studio.services.batch.run import BatchHooks, run_batch
from engine.worlds.fake import FakeWorld


def main() -> None:
    jobs, out, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])

    def say(number: int, num_chunks: int) -> None:
        sys.stdout.write(f"chunk {number} {num_chunks}\n")
        sys.stdout.flush()

    run_batch(read_jobs(jobs), out, lambda _spec: FakeWorld(seconds), BatchHooks(chunk_done=say))


if __name__ == "__main__":
    main()
