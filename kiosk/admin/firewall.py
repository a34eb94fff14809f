"""Draws the nftables rules that let the courier's user reach the bank and nothing else. Changes no firewall itself."""

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import SettingsError
from kiosk.runtime.process_users import ProcessUser, Users
from kiosk.upstream.bank_address import BankAddress

TABLE = "branch_kiosk"
_HOSTS = Path("/etc/hosts")
_RESOLVERS = Path("/etc/resolv.conf")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the courier may call."""

    addresses: tuple[Address, ...]
    port: int
    resolvers: tuple[Address, ...] = ()
    """Asked for the bank's name; none where it stands in `/etc/hosts` or is an address."""


def find_destination(bank: BankAddress, hosts: Path = _HOSTS, resolvers: Path = _RESOLVERS) -> Destination:
    """Look the bank's host up as the courier would; raise `SettingsError`."""
    if (literal := _address(bank.host)) is not None:
        return Destination((literal,), bank.port)
    listed = [words[0] for words in _lines(hosts) if bank.host in map(str.lower, words[1:])]
    if found := _addresses(listed):
        return Destination(found, bank.port)
    try:
        answers = socket.getaddrinfo(bank.host, bank.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise SettingsError(
            f"The bank's host {bank.host} is not found ({error.strerror}); put its address into /etc/hosts, or try"
            " again once the network is there."
        ) from error
    asked = _addresses(words[1] for words in _lines(resolvers) if words[0] == "nameserver" and len(words) > 1)
    return Destination(_addresses(str(answer[4][0]) for answer in answers), bank.port, asked)


def courier_rules(users: Users, destination: Destination) -> str:
    """The rules as a file for `nft -f`; loading it again replaces what was loaded before."""
    accepted = [f"        {_to(address)} tcp dport {destination.port} accept" for address in destination.addresses]
    for address in destination.resolvers:
        accepted.append(f"        {_to(address)} meta l4proto {{ tcp, udp }} th dport 53 accept")
    sealed = ", ".join(str(users[part].uid) for part in ("desk", "vision"))
    return "\n".join(
        [
            "#!/usr/sbin/nft -f",
            "# The courier of the branch kiosk reaches the bank and nothing else; desk, eyes and reader nothing.",
            "# Drawn by `kiosk doctor --nftables`; draw it anew when the bank's address or the users change.",
            f"table inet {TABLE}",
            f"delete table inet {TABLE}",
            f"table inet {TABLE} {{",
            "    chain output {",
            "        type filter hook output priority filter; policy accept;",
            f"        meta skuid {_courier(users).uid} jump courier",
            f"        meta skuid {{ {sealed} }} counter reject with icmpx type admin-prohibited",
            "    }",
            "    chain courier {",
            *accepted,
            "        counter reject with icmpx type admin-prohibited",
            "    }",
            "}",
            "",
        ]
    )


def _courier(users: Users) -> ProcessUser:
    return users["courier"]


def _to(address: Address) -> str:
    return f"{'ip' if address.version == 4 else 'ip6'} daddr {address}"


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _addresses(texts: Iterable[str]) -> tuple[Address, ...]:
    """Each once, in the order in which they came."""
    return tuple(dict.fromkeys(address for text in texts if (address := _address(text)) is not None))


def _lines(path: Path) -> list[list[str]]:
    """The words of each line that says something; nothing where there is no such file."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [words for line in text.splitlines() if (words := line.partition("#")[0].split())]
