"""The API's own description."""

from collections.abc import Mapping
from typing import Any

from todo_api.resources.auth import PUBLIC
from todo_api.resources.endpoint import Endpoint
from todo_api.schemas.docs import DocumentSchema


class OpenAPI(Endpoint):
    """The OpenAPI 3.1 document, from which clients and tests are made."""

    strict = True
    access = {"get": PUBLIC}
    gives = {"get": DocumentSchema()}

    def get(self) -> Mapping[str, Any]:
        """Get the OpenAPI document."""
        return self.backend.document()
