"""FLOOR 3: how it looks on the wire. One marshmallow schema per shape, for both directions."""
