"""The clock: what time it is for all that is stored, compared and counted.

It is the machine's, in UTC. A sandbox may stop it, for its whole process; nothing else may.
"""

from datetime import UTC, datetime


class Clock:
    """A clock that goes as the machine's does, or stands still."""

    def __init__(self) -> None:
        self._stopped_at: datetime | None = None

    @property
    def is_stopped(self) -> bool:
        """Whether it stands still."""
        return self._stopped_at is not None

    def now(self) -> datetime:
        """Return the present moment in UTC, to the microsecond."""
        return self._stopped_at or datetime.now(UTC)

    def stop(self, at: datetime) -> None:
        """Stand still at a moment of UTC, which may be any."""
        self._stopped_at = at

    def go_on(self) -> None:
        """Go as the machine's clock again."""
        self._stopped_at = None


CLOCK = Clock()
"""The clock of this process."""
