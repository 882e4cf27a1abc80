"""Entry point of a frozen program: a child process if it is started as one, else the command line."""

from __future__ import annotations

import multiprocessing
import sys

if __name__ == "__main__":
    # Child processes are this same file, started again; they must not get as far as reading a command line.
    multiprocessing.freeze_support()
    from engine.serving.child_process import run_child

    if run_child(sys.argv[1:]):
        sys.exit(0)
    from astra_studio.cli import main

    sys.exit(main())
