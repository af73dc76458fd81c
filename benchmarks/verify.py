"""`tke-hybrid verify` with 1,000 requests to 30 pods in 3 zones, on real packets. Needs root."""

import sys
import tempfile
from pathlib import Path

from tests.lab.packets import unavailable
from tests.lab.packets_cluster import ZONES, PacketLab, run, running
from tests.lab.verified import Place, direct

ROUNDS = 5


def main() -> None:
    reason = unavailable()
    if reason is not None:
        sys.exit(f"no real packets here: {reason}")
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as lab:
        place = Place(lab, Path(name))

        async def scenario(lab: PacketLab, namespace: str) -> None:
            await direct(lab, namespace, dict.fromkeys(ZONES.values(), 10))
            for _ in range(ROUNDS):
                found = await place.verify(namespace, "--requests=1000", measured=True)
                traffic = found.report["traffic"]
                memory = int(found.text.splitlines()[-1]) / 1024
                print(
                    f"{traffic['requests']} requests in {traffic['seconds']:.2f} s; command"
                    f" {found.seconds:.1f} s, {memory:.0f} MiB"
                )

        run(lab, "benchmark", scenario)


if __name__ == "__main__":
    main()
