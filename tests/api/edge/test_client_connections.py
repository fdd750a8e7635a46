"""Connections counted by the address that they come from."""

from __future__ import annotations

import pytest

from service.api.edge.client_connections import ClientConnections, parse_networks

SAME = {
    "an address": ("192.0.2.7", "192.0.2.7"),
    "an address as version 6 writes it": ("192.0.2.7", "::ffff:192.0.2.7"),
    "a subscriber's network": ("2001:db8::1", "2001:db8::2:3"),
    "an address on a link": ("fe80::1%eth0", "fe80::1%eth0"),
}
DIFFERENT = {
    "neighbours": ("192.0.2.7", "192.0.2.8"),
    "networks": ("2001:db8::1", "2001:db8:0:1::1"),
    "versions": ("192.0.2.7", "::192.0.2.7"),
    "mapped neighbours": ("::ffff:192.0.2.7", "::ffff:192.0.2.8"),
}


@pytest.mark.parametrize("name", SAME)
def test_one_client_has_so_many_and_may_come_back(name):
    first, second = SAME[name]
    clients = ClientConnections(2)
    assert clients.enter(first)
    assert clients.enter(second)
    assert not clients.enter(first)
    clients.leave(first)
    clients.leave(second)
    assert clients.enter(second)
    assert not clients.enter(first)


@pytest.mark.parametrize("name", DIFFERENT)
def test_clients_do_not_take_from_one_another(name):
    first, second = DIFFERENT[name]
    clients = ClientConnections(1)
    assert clients.enter(first)
    assert clients.enter(second)
    assert not clients.enter(first)
    assert not clients.enter(second)


def test_nothing_is_kept_of_clients_that_left():
    clients = ClientConnections(1)
    for number in range(100):
        clients.enter(f"192.0.2.{number}")
        clients.leave(f"192.0.2.{number}")
    assert not clients._open


def test_a_limit_of_zero_is_none():
    clients = ClientConnections(0)
    assert all(clients.enter("192.0.2.7") for _ in range(1000))
    clients.leave("192.0.2.7")


@pytest.mark.parametrize(
    "host", ["198.51.100.9", "203.0.113.5", "::ffff:203.0.113.5", "2001:db8::5"]
)
def test_proxies_are_not_counted(host):
    trusted = parse_networks("198.51.100.0/24, 203.0.113.5,2001:db8::/32")
    clients = ClientConnections(1, trusted)
    assert all(clients.enter(host) for _ in range(9))
    clients.leave(host)
    assert clients.enter("192.0.2.7")
    assert not clients.enter("192.0.2.7")


def test_what_is_no_address_is_not_counted():
    clients = ClientConnections(1)
    assert all(clients.enter("/run/service.socket") for _ in range(9))
    clients.leave("/run/service.socket")


@pytest.mark.parametrize("text", ["192.0.2", "192.0.2.0/33", "192.0.2.7/24", "proxy", "1:2"])
def test_a_text_that_names_no_network_is_refused(text):
    with pytest.raises(ValueError, match=r"IPv4 or IPv6|host bits"):
        parse_networks(text)
    assert parse_networks("") == ()
