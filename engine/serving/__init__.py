"""The engine as a service: what it is asked and what it reports, where it runs, and how messages travel."""
