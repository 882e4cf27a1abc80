"""Problems of set-up: one paragraph of what, why and what to do, read from pip's output."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

LINES_OF_KNOWN = 3
LINES_OF_UNKNOWN = 15
LONGEST_LINE = 160
KILLED = (-9, 137)
NOISE = ("Retrying", "pip index is currently an experimental command")


class SetupError(Exception):
    """Set-up cannot go on; the message is for the user and complete in itself."""


@dataclass(frozen=True)
class Known:
    """A way in which pip fails that has a better explanation than pip's own."""

    pattern: re.Pattern[str]
    explain: Callable[[re.Match[str]], str]


def _known(pattern: str, explanation: str) -> Known:
    """Groups of the pattern fill the braces of the explanation, in order."""
    return Known(re.compile(pattern, re.IGNORECASE), lambda match: explanation.format(*match.groups()))


# In this order, because a failure leaves traces of its consequences too: a full disk or a dead line is always followed
# by other complaints.
KNOWN = (
    _known(
        r"No space left on device|Errno 28|not enough space on the disk",
        "The disk is full. pip also needs room in its temporary folder (TMPDIR) and in its cache (`pip cache purge`\n"
        "empties that). Make room and start the same command again: it goes on from where it stopped.",
    ),
    _known(
        r"ProxyError|Cannot connect to proxy|407 Proxy Authentication",
        "The proxy that pip is configured to use did not let it through. Check HTTPS_PROXY, and `pip config list`,\n"
        "then start the same command again.",
    ),
    _known(
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSL: ",
        "The server's certificate was not accepted. On a network that inspects traffic, point pip to your\n"
        "organisation's certificate (`pip config set global.cert FILE`); otherwise check this machine's clock.",
    ),
    _known(
        r"name resolution|Name or service not known|nodename nor servname|getaddrinfo failed|Failed to resolve|"
        r"NewConnectionError|Failed to establish a new connection|ConnectTimeout|ReadTimeout|Read timed out|"
        r"Connection refused|Connection reset|Network is unreachable|No route to host|Max retries exceeded|"
        r"Connection aborted|IncompleteRead|Could not fetch URL",
        "The package index could not be reached, so there is no network, or it was lost on the way. The first start\n"
        "downloads the libraries; later ones need no network. Check the connection (and `pip config list` if you use\n"
        "a mirror or a proxy), then start the same command again: it goes on from where it stopped.",
    ),
    _known(
        r"DO NOT MATCH THE HASHES|hash mismatch|BadZipFile|zlib\.error",
        "A download arrived damaged. Start the same command again; if it happens twice, empty pip's cache first with\n"
        "`pip cache purge`.",
    ),
    _known(
        r"Windows Long Path",
        "A path became longer than Windows allows. Move the checkout to a shorter folder such as C:\\astra, or enable\n"
        "long paths (https://pip.pypa.io/warnings/enable-long-paths), then start again.",
    ),
    _known(
        r"No matching distribution found for (\S+)",
        "pip found no build of {} for this system and this Python. Either the package index could not be reached\n"
        "(check the connection, and `pip config list`), or there is none: Astra Studio's versions were chosen for\n"
        "Python 3.11 to 3.14 on Linux (glibc 2.34 or newer), Windows and macOS 14 (Apple silicon).",
    ),
    _known(
        r"Failed building wheel for (\S+)|Failed to build (\S+)|subprocess-exited-with-error",
        "A library had to be built from source here, and the build failed. That happens where no ready build exists\n"
        "for this system or Python: Python 3.11 to 3.14 on Linux, Windows or macOS 14 need none.",
    ),
    _known(
        r"Permission denied|Errno 13|Access is denied",
        "A file could not be written. Check that the checkout belongs to you and that no Astra Studio is running from\n"
        "it, then start the same command again.",
    ),
    _known(
        r"MemoryError|Cannot allocate memory",
        "The machine ran out of memory. Close other programs and start the same command again.",
    ),
)


def tail(output: str, lines: int) -> str:
    """Return the last lines that say something, indented, so that they stand apart from our own words."""
    shown = [line for line in output.splitlines() if line.strip() and not any(noise in line for noise in NOISE)]
    return "".join(f"    {line.rstrip()[:LONGEST_LINE]}\n" for line in shown[-lines:])


def explain(output: str) -> str | None:
    """Return the paragraph for the first known cause in pip's output, or None where none is known."""
    for known in KNOWN:
        match = known.pattern.search(output)
        if match:
            return known.explain(match)
    return None


def failure_message(step: str, output: str, exit_code: int, log: str) -> str:
    """Say what failed, why and what to do, and pip's last words; `log` is where the whole output lies."""
    because = explain(output)
    if because is None and exit_code in KILLED:
        because = "It was killed from outside, most often because memory ran out."
    lines = LINES_OF_KNOWN if because else LINES_OF_UNKNOWN
    because = because or "This failure is not one that we know; its last lines may tell more."
    return f"Set-up stopped while {step}.\n{because}\nThe end of {log}:\n{tail(output, lines)}".rstrip()
