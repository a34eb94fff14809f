"""The root of every error of a device. Imports nothing, so that desk can know it without knowing a camera."""


class HardwareError(Exception):
    """Root of `hardware`: one sentence with the cure."""
