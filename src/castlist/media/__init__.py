"""Everything that touches pixels: it runs in child processes, and the serving process imports only `media.child`."""
