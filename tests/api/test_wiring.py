"""What the settings become in the parts that they are for."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from service.api.edge.client_connections import parse_networks
from service.app import connection_limits
from service.settings import Settings


@pytest.mark.parametrize(
    ("trusted", "most", "networks"),
    [("", 7, ""), ("192.0.2.7, 2001:db8::/32", 7, "192.0.2.7,2001:db8::/32"), ("*", 0, "")],
)
def test_the_connections_of_a_client_are_limited_unless_it_is_a_trusted_proxy(
    trusted, most, networks
):
    limits = connection_limits(Settings(max_connections_per_client=7, forwarded_allow_ips=trusted))
    assert limits.max_connections_per_client == most
    assert limits.trusted_networks == parse_networks(networks)


@pytest.mark.parametrize("text", ["1.2.3", "192.0.2.7/24", "::/129", "192.0.2.7,,1.2.3.4.5"])
def test_proxies_that_are_no_addresses_are_refused_at_the_start(text):
    with pytest.raises(ValidationError, match="forwarded_allow_ips"):
        Settings(forwarded_allow_ips=text)
