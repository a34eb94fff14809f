"""The rules that hold the courier's user to the bank; that they hold is tried in `test_hostile_courier`."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from kiosk.admin.firewall import Destination, courier_rules, find_destination
from kiosk.errors import SettingsError
from kiosk.runtime.process_users import ProcessUser
from kiosk.upstream.bank_address import parse_address

USERS = {part: ProcessUser(uid, uid) for part, uid in (("desk", 5001), ("vision", 5002), ("courier", 5003))}


def test_the_bank_is_accepted_and_then_everything_refused() -> None:
    destination = Destination((ip_address("203.0.113.7"), ip_address("2001:db8::7")), 8443, (ip_address("192.0.2.53"),))
    lines = [line.strip() for line in courier_rules(USERS, destination).splitlines()]
    at = lines.index("chain courier {")
    assert lines[at + 1 : at + 5] == [
        "ip daddr 203.0.113.7 tcp dport 8443 accept",
        "ip6 daddr 2001:db8::7 tcp dport 8443 accept",
        "ip daddr 192.0.2.53 meta l4proto { tcp, udp } th dport 53 accept",
        "counter reject with icmpx type admin-prohibited",
    ]
    assert "meta skuid 5003 jump courier" in lines
    assert "meta skuid { 5001, 5002 } counter reject with icmpx type admin-prohibited" in lines


def test_an_address_or_a_listed_name_needs_no_resolver(tmp_path: Path) -> None:
    hosts, resolvers = tmp_path / "hosts", tmp_path / "resolv.conf"
    hosts.write_text("# the bank\n203.0.113.7 Bank.Example other # it\n::1 localhost\n")
    resolvers.write_text("nameserver 192.0.2.53\n")
    for url in ("https://203.0.113.7:8443", "https://bank.example:8443"):
        found = find_destination(parse_address(url), hosts, resolvers)
        assert found == Destination((ip_address("203.0.113.7"),), 8443)


def test_a_name_that_the_resolver_knows_lets_the_courier_ask_it(tmp_path: Path) -> None:
    (tmp_path / "resolv.conf").write_text(
        "search example\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\nnameserver\n"
    )
    found = find_destination(parse_address("https://localhost"), tmp_path / "none", tmp_path / "resolv.conf")
    assert ip_address("127.0.0.1") in found.addresses
    assert found.resolvers == (ip_address("192.0.2.53"), ip_address("fe80::1"))


def test_a_bank_that_nobody_knows_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="bank\\.invalid is not found"):
        find_destination(parse_address("https://bank.invalid"), tmp_path / "none", tmp_path / "none")
