"""What `capacity propose` is asked for: zones with nodes and pods, and ranges that are taken."""

import re
from collections.abc import Sequence

from pulumi_tke_hybrid.tke import cidrs, enis, zones
from pulumi_tke_hybrid.tke.layout import NoRoom, Placed, ZoneWish, propose, too_many_pods

_WISH = re.compile(r"(?P<zone>[^:]+):(?P<nodes>\d{1,5})x(?P<type>[^:]+):(?P<pods>\d{1,6})", re.ASCII)


class WrongWishes(Exception):
    """All that is wrong with a question, a line each."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("; ".join(lines))


HOW = "write it as ZONE:NODESxTYPE:PODS, for example ap-guangzhou-4:3xS5.LARGE8:60"


def proposal(vpc: str, wishes: Sequence[str], taken: Sequence[str], growth: int) -> list[Placed]:
    """A subnet for each zone. All that is wrong with the question is said at once."""
    wrong = [f"--vpc: {problem}" for problem in [cidrs.cidr_problem(vpc)] if problem]
    wrong += [f"--taken {block}: {problem}" for block in taken if (problem := cidrs.cidr_problem(block))]
    asked: list[ZoneWish] = []
    for text in wishes:
        wish = _wish(text)
        if isinstance(wish, str):
            wrong.append(f"--zone {text}: {wish}")
        else:
            asked.append(wish)
    first = zones.region_of(asked[0].zone) if asked else None
    for wish in asked:
        foreign = zones.foreign_zone_problem("", wish.zone, first) if first else None
        wrong += [f"--zone: {foreign}"] if foreign else []
    if wrong:
        raise WrongWishes(wrong)
    try:
        return propose(vpc, asked, {block: block for block in taken}, growth / 100)
    except NoRoom as error:
        raise WrongWishes([str(error)]) from None


def _wish(text: str) -> ZoneWish | str:
    match = _WISH.fullmatch(text)
    if match is None:
        return HOW
    problem = zones.zone_problem(match["zone"])
    limit = enis.eni_limit(match["type"])
    if problem:
        return str(problem)
    if limit is None:
        return f"{match['type']} is not in the table of ENI limits; name a type like S5.LARGE8"
    wish = ZoneWish(match["zone"], int(match["nodes"]), int(match["pods"]), limit)
    return too_many_pods(wish) or wish
