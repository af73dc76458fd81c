"""Caveats of whole runs."""

import asyncio
import json
from dataclasses import replace

from pulumi_tke_hybrid.cli.process import ExitCode
from pulumi_tke_hybrid.verify.backends import Backends
from pulumi_tke_hybrid.verify.caveats import name_of_caveat
from pulumi_tke_hybrid.verify.verdict import FORGED
from tests.unit.verify.objects import FakeKube, service
from tests.unit.verify.runs import CLIENT, OPTIONS, PODS, names, run, seeing
from tests.unit.verify.servers import Whoami, http


def test_a_client_behind_nat_gets_the_differing_address() -> None:
    outcome = run(seeing({"web-0": "119.29.9.9", "web-1": "119.29.9.9"}))
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    (caveat,) = [caveat for caveat in outcome.caveats if name_of_caveat(caveat) == "client behind NAT"]
    assert f"expected {CLIENT}" in caveat.message
    assert "--expect-client 119.29.9.9" in caveat.message
    assert (
        run(seeing({"web-0": "119.29.9.9", "web-1": "119.29.9.9"}), expect="119.29.9.9").exit_code
        is ExitCode.FINE
    )


def test_an_application_that_believes_a_forged_header_is_reported_and_not_preserved() -> None:
    turns = iter(range(10**6))

    async def believes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        client = FORGED if FORGED in request else CLIENT
        writer.write(http(json.dumps({"ip": client, "hostname": f"web-{next(turns) % 2}"}).encode()))

    outcome = run(believes, plan=replace(OPTIONS.plan, peer_field="ip"))
    assert outcome.exit_code is ExitCode.NOT_FINE
    assert "forged header believed" in names(outcome)


def test_a_pod_that_never_answers_is_coverage_not_reached() -> None:
    only = Whoami(Backends(PODS.pods[:1]))
    outcome = run(only.handle)
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    assert "ap-guangzhou-6" in outcome.headline
    assert "pinned" in names(outcome)
    sticky = FakeKube(services={"web": service(sessionAffinity="ClientIP")})
    assert "session persistence" in names(run(Whoami(Backends(PODS.pods[:1])).handle, sticky))
