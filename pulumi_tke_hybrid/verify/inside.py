"""The same traffic from inside the VPC: run by the Job of `--in-vpc` as `python -m
pulumi_tke_hybrid.verify.inside PLAN`.

Needs the standard library alone. Reports through its log, one JSON object a line; see `Traffic`.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pulumi_tke_hybrid.verify.answers import Answer
from pulumi_tke_hybrid.verify.backends import Pod, Roster, Tally
from pulumi_tke_hybrid.verify.kube import CannotVerify
from pulumi_tke_hybrid.verify.probe import Plan, Traffic, run
from pulumi_tke_hybrid.verify.probe_client import Limits, Target

_NUMBERS = ("requests", "replies", "seconds", "waited", "local", "remote", "stopped", "failures")


@dataclass(frozen=True)
class Order:
    """What the Job is told."""

    target: Target
    plan: Plan
    roster: Roster

    def as_text(self) -> str:
        """For the Job's command line."""
        return json.dumps(
            {
                "target": asdict(self.target),
                "plan": asdict(self.plan),
                "pods": [asdict(pod) for pod in self.roster.pods],
            }
        )

    @classmethod
    def of_text(cls, text: str) -> "Order":
        """The same, inside the Job."""
        data = json.loads(text)
        plan: dict[str, Any] = {**data["plan"], "limits": Limits(**data["plan"]["limits"])}
        return cls(Target(**data["target"]), Plan(**plan), Roster(tuple(map(_pod, data["pods"]))))


def lines_of(traffic: Traffic) -> Iterable[str]:
    """A result as lines of a log: each answer with its count, then the numbers. Short lines, whatever pods
    said."""
    for answer, times in traffic.tally.counts.items():
        yield json.dumps({"answer": asdict(answer), "times": times})
    for answer in traffic.forged:
        yield json.dumps({"forged": asdict(answer)})
    yield json.dumps({"end": {name: getattr(traffic, name) for name in _NUMBERS}})


def traffic_of(lines: Iterable[str], roster: Roster) -> Traffic | None:
    """The result in a log; None as long as it is not complete."""
    traffic = Traffic(Tally(roster))
    for line in lines:
        if not line.startswith("{"):
            continue
        try:
            data: dict[str, Any] = json.loads(line)
            if "answer" in data:
                traffic.tally.add(_answer(data["answer"]), int(data["times"]))
            elif "forged" in data:
                traffic.forged.append(_answer(data["forged"]))
            elif "end" in data:
                for name in _NUMBERS:
                    setattr(traffic, name, data["end"][name])
                return traffic
        except (ValueError, KeyError, TypeError):
            raise CannotVerify(
                "the Job's image holds another version of pulumi-tke-hybrid; give one with this version"
            ) from None
    return None


def progress_in(lines: Iterable[str]) -> str:
    """The last progress line of a log."""
    found = [line for line in lines if line.startswith("progress ")]
    return found[-1].removeprefix("progress ").strip() if found else ""


def _pod(data: Mapping[str, Any]) -> Pod:
    fields: dict[str, Any] = {**data, "also": tuple(data["also"])}
    return Pod(**fields)


def _answer(data: Mapping[str, Any]) -> Answer:
    fields: dict[str, Any] = {
        **data,
        "forwarded": tuple(data["forwarded"]),
        "addresses": tuple(data["addresses"]),
    }
    return Answer(**fields)


def _telling() -> Callable[[Traffic], None]:
    told = time.monotonic()

    def tell(traffic: Traffic) -> None:
        nonlocal told
        if time.monotonic() - told >= 1:
            told = time.monotonic()
            print(
                "progress",
                f"{traffic.requests} requests, {len(traffic.tally.answered)} pods answered",
                flush=True,
            )

    return tell


def main() -> None:
    """Run one order."""
    order = Order.of_text(sys.argv[1])
    traffic = asyncio.run(run(order.target, order.plan, order.roster, _telling()))
    for line in lines_of(traffic):
        print(line, flush=True)


if __name__ == "__main__":
    main()
