"""Table of commands, printed for the docs."""

import sys

from ui.commands.table import as_markdown

sys.stdout.write(as_markdown())
