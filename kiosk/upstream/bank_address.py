"""The bank's address: one host, and where on it. Text only: looks nothing up, opens nothing.

Settings and courier read it with these same rules, which are narrower than those of any URL library: what is taken
here, every part further down takes in the same way.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kiosk.upstream.delivery import AddressError

VERDICTS_PATH = "/v1/verdicts"
_LONGEST_ADDRESS = 1000
_LONGEST_HOST = 253
_FORM = re.compile(
    r"https://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


@dataclass(frozen=True, slots=True)
class BankAddress:
    """The one host the kiosk talks to, and where on it."""

    host: str
    port: int
    path: str

    @property
    def verdicts_url(self) -> str:
        """Where messages are posted."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}{self.path}"


def parse_address(url: str) -> BankAddress:
    """Return the address in `https://host[:port][/path]`; raise `AddressError` with the cure.

    Without a path, messages go to `/v1/verdicts`.
    """
    if (problem := address_problem(url)) is not None:
        raise AddressError(f"The bank's address {problem}.")
    host, port, path = _parts(url)
    return BankAddress(host.strip("[]"), int(port or 443), path if path.strip("/") else VERDICTS_PATH)


def address_problem(url: str) -> str | None:
    """Return what keeps a text from being an address, to be read after its name; None where nothing does."""
    return next(_problems(url), None)


def _problems(url: str) -> Iterator[str]:
    if len(url) > _LONGEST_ADDRESS:
        yield f"must have at most {_LONGEST_ADDRESS} characters"
    if not url.isascii():
        yield "must be written in ASCII: a host with other letters in its form that begins with xn--"
    if not url.lower().startswith("https://"):
        yield "must begin with https://, for nothing is sent unencrypted"
    if "@" in re.split(r"[/?#]", url[len("https://") :])[0]:
        yield "must hold no user name or password; the kiosk shows a certificate"
    if _FORM.fullmatch(url) is None:
        yield "must be https://, a host, perhaps :port and a path, and nothing more"
        return
    host, port, _ = _parts(url)
    if port and not 1 <= int(port) <= 65535:
        yield "must have a port from 1 to 65535"
    if not _is_host(host):
        yield f"names {host[:60]}, which can be no host: neither a name nor an IP address"


def _parts(url: str) -> tuple[str, str, str]:
    found = _FORM.fullmatch(url)
    assert found is not None
    host, port, path = found.group("host", "port", "path")
    return host.lower(), port or "", path or ""


def _is_host(host: str) -> bool:
    labels = host.split(".")
    try:
        if host.startswith("["):
            return ipaddress.IPv6Address(host[1:-1]) is not None
        if labels[-1].isdigit():  # no name ends so
            return ipaddress.IPv4Address(host) is not None
        return len(host) <= _LONGEST_HOST and all(map(_is_label, labels))
    except ValueError:
        return False


def _is_label(label: str) -> bool:
    """One part of a name; raise `ValueError` for a foreign one that cannot be spelled out."""
    if label.startswith("xn--"):
        label[len("xn--") :].encode("ascii").decode("punycode")
    return _LABEL.fullmatch(label) is not None
