"""Answers from the pods' access logs: for applications that tell their client nothing, like the article's nginx."""

from dataclasses import replace

from pulumi_tke_hybrid.proof.answers import from_log_line
from pulumi_tke_hybrid.proof.errors import CannotVerify
from pulumi_tke_hybrid.proof.kube import Kube
from pulumi_tke_hybrid.proof.probe import Plan, Traffic

MOST_LINES = 50_000
"""Lines of one log that are looked at."""
LONGEST_LINE = 8192


def answers_in_logs(kube: Kube, namespace: str, traffic: Traffic, plan: Plan, seconds: int) -> None:
    """Add what the pods logged about our requests, found by the marks in their User-Agent."""
    unread: list[str] = []
    for pod in traffic.tally.roster.pods:
        try:
            lines = kube.log(namespace, pod.name, seconds)
            for _, line in zip(range(MOST_LINES), lines, strict=False):
                if len(line) <= LONGEST_LINE and plan.token in line:
                    answer = replace(from_log_line(line, pod.name), local=traffic.local)
                    if plan.forging_agent in line:
                        traffic.forged.append(answer)
                    elif plan.agent in line:
                        traffic.tally.add(answer)
        except CannotVerify as error:
            unread.append(str(error))
    if unread and not traffic.tally.read:
        raise CannotVerify(f"no log could be read: {unread[0]}")
    if traffic.replies and not traffic.tally.read:
        traffic.stopped = (
            "no log line holds the requests' User-Agent: the access log must go to standard output, with $http_user_agent (nginx's default)"
        )
