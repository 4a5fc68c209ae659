"""How the application is served: processes, an event loop in front, threads behind it."""
