"""How the server is, on the wire."""

from todo_api.schemas.fields import Text
from todo_api.schemas.wire import Wire


class HealthSchema(Wire):
    """One word."""

    status = Text(most=16)

    example = {"status": "ok"}
