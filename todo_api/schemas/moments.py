"""Fields for times: a moment that the server sets, and a due date that a client sets."""

from datetime import UTC, date, datetime
from typing import Any

from marshmallow import ValidationError, fields

from todo_api.values import moments

_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?"
_YEARS = "(19[7-9][0-9]|[2-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])-"


class Due(fields.Field[date | datetime]):
    """A date, a time with an offset, or a wall time, which the account's time zone will place."""

    def described(self) -> dict[str, Any]:
        """Return its JSON Schema, without a format: clients would make a moment of a bare date."""
        return {"type": "string", "pattern": f"^{_DATE}(T{_TIME}Z)?$"}

    def described_sent(self) -> dict[str, Any]:
        """Return the JSON Schema of what is taken for it, and of what is advised."""
        years = f"^{_YEARS}"
        date = {"type": "string", "format": "date", "pattern": years}
        return {"anyOf": [{"type": "string", "format": "date-time", "pattern": years}, date]}

    def from_text(self, text: str) -> str:
        """Return what a form's text stands for."""
        return text

    def _serialize(
        self, value: date | datetime | None, attr: Any, obj: Any, **options: Any
    ) -> str | None:
        if isinstance(value, datetime):
            return moments.wire(value)
        return value.isoformat() if value else None

    def show(self, value: date | datetime) -> datetime | str:
        """Return what orjson writes in the same way, if it is a moment that says that it is UTC."""
        if isinstance(value, datetime):
            return value if value.tzinfo is UTC else moments.wire(value)
        return value.isoformat()

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> date | datetime:
        if not isinstance(value, str):
            raise ValidationError("Must be a text.")
        try:
            return moments.parse(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class Moment(Due):
    """A moment in UTC; one that comes in without an offset is taken as UTC."""

    def described(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return {"type": "string", "format": "date-time"}

    described_sent = described

    def is_same(self, sent: datetime | None, stored: datetime | None) -> bool:
        """Return whether a client sent back what is stored, perhaps cut to milliseconds."""
        if sent is None or stored is None:
            return sent is stored
        return moments.is_sent_back(sent, stored)

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> datetime:
        moment = super()._deserialize(value, attr, data, **options)
        if not isinstance(moment, datetime):
            raise ValidationError("Must be a time.")
        return moment if moment.tzinfo else self._in_no_zone(moment)

    def _in_no_zone(self, wall_time: datetime) -> datetime:
        return wall_time.replace(tzinfo=UTC)


class MomentInFile(Moment):
    """A moment in a file of tasks, or a wall time, which the account's time zone will place."""

    def _in_no_zone(self, wall_time: datetime) -> datetime:
        return wall_time
