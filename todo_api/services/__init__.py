"""FLOOR 2: what may happen and what follows. Rules and queries, handed a session, without Flask."""
