"""FLOOR 4: what is said. HTTP comes in here, and goes out."""
