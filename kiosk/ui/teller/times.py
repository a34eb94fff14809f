"""Times as the teller reads them: the branch's own clock, from the UTC of the records."""

from datetime import datetime


def clock_time(moment: datetime) -> str:
    """Hours and minutes of today, with the date before it for any other day."""
    local = moment.astimezone()
    today = datetime.now(local.tzinfo).date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def calendar_day(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d}"
