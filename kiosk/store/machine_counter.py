"""A number that this machine counts up and nobody can set back, such as a TPM's. Where there is one, a whole older copy
of the store shows. Knows no device.
"""

from typing import Protocol


class MachineCounter(Protocol):
    """Raises a `KioskError` where the device does not answer."""

    def value(self) -> int:
        """Where it stands."""

    def advance(self) -> int:
        """Count one further, durably; return where it stands then."""
