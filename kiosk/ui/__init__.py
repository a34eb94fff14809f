"""Screens: show the session, send events. The only place for QtWidgets."""
