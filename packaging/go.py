"""Entry point of the README's two commands: checks that Python is new enough, then hands over to `bootstrap`.

Kept to syntax that every Python 3.6 and later can read, so that an old one says what is wrong rather than where it
stopped parsing. Everything else is in the package beside it, which may use all of Python 3.11.
"""

import sys
from typing import List, Optional, Tuple

NEEDED = (3, 11)


def version_problem(version: Tuple[int, ...], executable: str) -> Optional[str]:
    """Say why this Python will not do and where a newer one comes from, or None where it will do."""
    if tuple(version[:2]) >= NEEDED:
        return None
    return (
        "Astra Studio needs Python {needed} or newer; this is Python {found} ({executable}).\n"
        "Newer ones come from https://www.python.org/downloads/, or with your system's packages, for example\n"
        "`sudo apt install python3.12 python3.12-venv` or `brew install python@3.12`. Then start the same command\n"
        "with it: `python3.12 packaging/go.py ...`. Your present Python can stay; nothing has been changed."
    ).format(
        needed=".".join(map(str, NEEDED)),
        found=".".join(map(str, version[:3])),
        executable=executable,
    )


def main(arguments: List[str]) -> int:
    """Run the bootstrap with these arguments and return the exit code."""
    problem = version_problem(sys.version_info[:3], sys.executable)
    if problem is not None:
        sys.stderr.write(problem + "\n")
        return 1
    from bootstrap import subcommands

    return subcommands.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
