"""The root of every error the kiosk names: one plain sentence each, with the cure where there is one.

Three audiences read three texts: IT reads `str(error)`; the teller and the customer read a text chosen by
type in `ui/texts`. An error never carries a face, a score or a personal datum.
"""


class KioskError(Exception):
    """One plain sentence that IT can act on; every package has one root below it."""


class SettingsError(KioskError):
    """A setting is missing or out of range."""


class VerificationError(KioskError):
    """Root of `verification`."""


class DocumentError(KioskError):
    """Root of `document`."""


class PrivacyError(KioskError):
    """Root of `privacy`."""


class SupervisionError(KioskError):
    """Root of `supervision`."""


class VisionError(KioskError):
    """Root of `vision`."""


class StoreError(KioskError):
    """Root of `store`."""


class UpstreamError(KioskError):
    """Root of `upstream`."""


class RuntimeKioskError(KioskError):
    """Root of `runtime`."""
