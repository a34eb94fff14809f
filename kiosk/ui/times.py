"""Times as people read them: by the branch's own clock, from the UTC of the records."""

from datetime import datetime


def clock_time(moment: datetime) -> str:
    """Hours and minutes of today, with the date before it for any other day."""
    local = moment.astimezone()
    today = datetime.now(local.tzinfo).date()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%Y-%m-%d %H:%M}"


def clock_seconds(moment: datetime) -> str:
    """To the second, where a wait may be short."""
    return f"{moment.astimezone():%H:%M:%S}"


def calendar_day(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d}"


def lasting_time(moment: datetime) -> str:
    """For what is taken home: with the offset from UTC, so that it says the same anywhere."""
    return moment.astimezone().isoformat(" ", "minutes")
