"""Can this machine run the program, and which permissions does it need. Reads only; no secret is ever
shown."""
