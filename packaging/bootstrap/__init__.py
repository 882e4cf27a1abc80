"""Set-up of a fresh checkout: its own `.venv`, filled by pip. Standard library only."""
