"""What this machine has, and what worlds need of it."""
