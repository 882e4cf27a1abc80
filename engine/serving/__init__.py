"""The engine as a service: requests and events, where it runs, and how messages travel."""
