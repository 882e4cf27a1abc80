"""Services: what both the window and the command line call."""
