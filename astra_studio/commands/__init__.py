"""The subcommands, one module each: `add` describes it to argparse, its function runs it and returns an exit code."""

OK, FAILED, MISUSED, CANCELLED = 0, 1, 2, 130
