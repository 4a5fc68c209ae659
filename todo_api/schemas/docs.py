"""The API's own description on the wire."""

from todo_api.schemas.wire import AsIs


class DocumentSchema(AsIs):
    """An OpenAPI document."""

    example = {"openapi": "3.1.0", "info": {"title": "todo_api", "version": "…"}, "paths": {}}


class CollectionSchema(AsIs):
    """A Postman collection."""

    example = {"info": {"name": "todo_api", "schema": "…"}, "item": [], "variable": []}
