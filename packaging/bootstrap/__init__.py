"""Turns a fresh checkout into a running Astra Studio: its own `.venv`, filled by pip. Standard library only."""
