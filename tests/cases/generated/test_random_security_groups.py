"""Random rules of security groups: the difference of two lists is that of their first matches."""

import ipaddress
import random

import pytest

from pulumi_tke_hybrid.tke.admission import Names, difference, entries

BLOCKS = ("0.0.0.0/0", "10.0.0.0/30", "10.0.0.2/31", "10.0.0.0/29", "10.0.0.5", "10.0.0.4/30")
PORTS = ("ALL", "80", "80-82", "81,83", "82-90")
ADDRESSES = [f"10.0.0.{number}" for number in range(9)]
SERVICES = [(protocol, port) for protocol in ("TCP", "UDP") for port in (79, 80, 81, 82, 83, 90, 91)]


def admits(rules: list[str], address: str, protocol: str, port: int) -> bool:
    """As the cloud decides: the first rule that fits."""
    for text in rules:
        action, block, ports, kind = text.split("#")
        spans = [part.split("-") for part in ports.split(",")] if ports != "ALL" else [["0", "65535"]]
        fits = kind in ("ALL", protocol) and (
            kind == "ALL" or any(int(span[0]) <= port <= int(span[-1]) for span in spans)
        )
        if fits and ipaddress.ip_address(address) in ipaddress.ip_network(block, strict=False):
            return action == "ACCEPT"
    return False


@pytest.mark.parametrize("seed", range(150))
def test_two_random_lists_differ_where_their_first_matches_differ(seed: int) -> None:
    chance = random.Random(seed)

    def some() -> list[str]:
        return [
            "#".join(
                (
                    chance.choice(("ACCEPT", "DROP")),
                    chance.choice(BLOCKS),
                    chance.choice(PORTS),
                    chance.choice(("TCP", "UDP", "ALL")),
                )
            )
            for _ in range(chance.randint(0, 5))
        ]

    before, after = some(), some()
    names = Names()
    more = difference(entries(before, names), entries(after, names))
    for address in ADDRESSES:
        for protocol, port in SERVICES:
            expected = admits(after, address, protocol, port) and not admits(before, address, protocol, port)
            number = int(ipaddress.ip_address(address))
            service_number = entries([f"ACCEPT#{address}#{port}#{protocol}"], names)[0].services[0][0]
            inside = [
                sources
                for sources, services in more.items()
                if within(service_number, services) and within(number, sources)
            ]
            assert bool(inside) is expected


def within(number: int, spans: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= number <= last for first, last in spans)
