"""What the tests of the object model share: a clock that stands still until it is told to move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class StandingClock:
    """A `UtcClock` for tests."""

    def __init__(self, moment: datetime | None = None) -> None:
        self.moment = moment or datetime(2024, 1, 15, 12, 0, tzinfo=UTC)

    def utc_now(self) -> datetime:
        return self.moment

    def forward(self, **by: float) -> None:
        self.moment += timedelta(**by)
