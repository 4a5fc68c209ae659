"""Sums of two numbers, from a query, a body or the path."""

from typing import Any

from todo_api.resources.auth import PUBLIC
from todo_api.resources.endpoint import Endpoint
from todo_api.schemas.sum import Addends, AddendsQuery, SumSchema, SumWithStatus, added

ADDENDS = Addends()


class Sum(Endpoint):
    """The sum of `number1` and `number2`."""

    access = {"get": PUBLIC, "post": PUBLIC}
    asks = {"get": AddendsQuery()}
    takes = {"post": ADDENDS}
    gives = {"get": SumSchema(), "post": SumSchema()}

    def get(self, numbers: dict[str, float]) -> dict[str, float]:
        """Add two numbers of the query."""
        return added(numbers)

    def post(self, numbers: dict[str, float]) -> dict[str, float]:
        """Add two numbers of the body."""
        return added(numbers)


class SumInPath(Endpoint):
    """The sum of two numbers in the path."""

    access = {"get": PUBLIC}
    gives = {"get": SumWithStatus()}

    def get(self, number1: str, number2: str) -> dict[str, Any]:
        """Add two numbers of the path."""
        numbers = ADDENDS.read({"number1": number1, "number2": number2})
        return {"status": 200, **added(numbers)}
