"""How values travel: JSON with exact numbers, times in ISO 8601."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any


def dumps(body: Any) -> bytes:
    """Return `body` as JSON.

    Decimals go as texts, which the server takes where it takes numbers: nothing is rounded. A
    datetime with an offset goes in UTC; one without is in the account's time zone.
    """
    return json.dumps(body, default=written, allow_nan=False).encode()


def loads(content: bytes) -> Any:
    """Return what JSON says, each number with a fraction as a Decimal; raise ValueError if none."""
    return json.loads(content, parse_float=Decimal)


def query(asked: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a query; None stands for one that is not asked."""
    return {name: _parameter(value) for name, value in asked.items() if value is not None}


def written(value: Any) -> str:
    """Return the text that stands for a time, a date or a Decimal."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{value!r} cannot be sent.")


def moment(text: str) -> datetime:
    """Return a time with its offset."""
    return datetime.fromisoformat(text)


def moment_if_any(text: str | None) -> datetime | None:
    """Return a time with its offset, or None where there is none."""
    return None if text is None else datetime.fromisoformat(text)


def due(text: str | None) -> date | datetime | None:
    """Return a time, or a bare date where there is no time, or None."""
    if text is None or "T" in text:
        return moment_if_any(text)
    return date.fromisoformat(text)


def _parameter(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | str) else written(value)
