"""Where webhooks may go: addresses inside are refused in every spelling, URLs that are none too."""

from ipaddress import ip_address

import pytest

from reporting.domain.receivers import (
    BadReceiver,
    Receiver,
    ReceiverRefused,
    check_addresses,
    networks,
    receiver,
    why_refused,
)

INSIDE = (
    "0.0.0.0",  # noqa: S104 - refused
    "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1",
    "127.255.255.254", "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192",
    "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:0:53aa:64c::1",
    "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254",
    "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1",
)  # fmt: skip
OUTSIDE = (
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "64:ff9b::808:808",
    "::ffff:8.8.8.8",
)
HTTPS = Receiver("https", "hooks.example.org", 443, "/")


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused(address: str) -> None:
    assert why_refused(ip_address(address))
    with pytest.raises(ReceiverRefused, match="which is"):
        check_addresses(HTTPS, [address], ())


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_outside_is_called(address: str) -> None:
    assert why_refused(ip_address(address)) is None
    assert check_addresses(HTTPS, [address], ())


def test_one_address_inside_is_enough_to_refuse_a_name() -> None:
    with pytest.raises(ReceiverRefused, match=r"10\.0\.0\.1, which is private"):
        check_addresses(HTTPS, ["8.8.8.8", "10.0.0.1"], ())
    with pytest.raises(ReceiverRefused, match="no address"):
        check_addresses(HTTPS, [], ())


def test_an_embedded_address_is_called_as_the_one_that_was_judged() -> None:
    assert check_addresses(HTTPS, ["::ffff:8.8.8.8"], ()) == ["8.8.8.8"]
    assert check_addresses(HTTPS, ["::ffff:127.0.0.1"], networks("127.0.0.0/8")) == ["127.0.0.1"]


def test_http_and_other_ports_are_for_allowed_networks_only() -> None:
    plain = Receiver("http", "hooks.example.org", 80, "/")
    odd = Receiver("https", "hooks.example.org", 22, "/")
    for called, word in ((plain, "https"), (odd, "port 22")):
        with pytest.raises(ReceiverRefused, match=word):
            check_addresses(called, ["8.8.8.8"], networks("10.0.0.0/8"))
        with pytest.raises(ReceiverRefused, match=word):
            check_addresses(called, ["10.0.0.1", "8.8.8.8"], networks("10.0.0.0/8"))
        assert check_addresses(called, ["10.0.0.1"], networks("10.0.0.0/8, fd00::/8")) == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("ftp://example.org/", "scheme"),
        ("example.org/hook", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("https://", "no host"),
        ("https:///hook", "no host"),
        ("https://user@example.org/", "password"),
        ("https://user:secret@example.org/", "password"),
        ("https://example.org/#part", "fragment"),
        ("https://example.org/#", "fragment"),
        ("https://example.org:0/", "port"),
        ("https://example.org:99999/", "not a URL"),
        ("https://example.org:x/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://example.org\\@127.0.0.1/", "characters"),
        ("https://exam ple.org/", "characters"),
        ("https://example.org/\r\nX-Header: 1", "characters"),
        ("https://exämple.org/", "characters"),
        ("https://example.org./", "no host"),
        ("https://-example.org/", "no host"),
        ("https://127.1/", "no host"),
        ("https://2130706433/", "no host"),
        ("https://0x7f000001/", "no host"),
        ("https://0x7f.0.0.1/", "no host"),
        ("https://0177.0.0.01/", "no host"),
        ("https://1.2.3.4.5/", "no host"),
        ("https://example.org/" + "x" * 1000, "long"),
    ],
)
def test_what_is_no_url_of_a_receiver_is_refused(url: str, word: str) -> None:
    with pytest.raises(BadReceiver, match=word) as refused:
        receiver(url)
    assert refused.value.expected


def test_a_url_is_taken_apart_once_for_all_who_use_it() -> None:
    assert receiver("https://Hooks.Example.org/a/b?c=d") == ("https", "hooks.example.org", 443, "/a/b?c=d")
    assert receiver("https://[2606:4700::1111]:8443") == ("https", "2606:4700::1111", 8443, "/")
    assert receiver("http://127.0.0.1:8080/") == ("http", "127.0.0.1", 8080, "/")
