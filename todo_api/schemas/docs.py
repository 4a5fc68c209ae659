"""The API's own description on the wire."""

from todo_api.schemas.wire import AsIs


class DocumentSchema(AsIs):
    """An OpenAPI document."""

    example = {"openapi": "3.1.0", "info": {"title": "todo_api", "version": "…"}, "paths": {}}
