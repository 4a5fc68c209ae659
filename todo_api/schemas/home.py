"""The listing on the wire."""

from todo_api.schemas.wire import AsIs


class ListingSchema(AsIs):
    """The method and path of each operation, by what it is called."""

    example = {"info": "GET /api/v1", "register": "POST /api/v1/accounts"}
