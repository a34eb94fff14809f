"""Devices; knows nothing of the kiosk."""
