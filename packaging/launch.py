"""What a frozen program starts with: the engine's child process where it is one, and the command line otherwise."""

from __future__ import annotations

import multiprocessing
import sys

if __name__ == "__main__":
    # The engine's process is this same file, started again; it must not get as far as reading a command line.
    multiprocessing.freeze_support()
    from astra_studio.cli import main

    sys.exit(main())
