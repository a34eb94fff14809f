"""Visits of people whose every datum is a marker that can be looked for: actors in place of eyes and reader."""
