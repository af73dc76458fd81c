"""Starts the stand-in plugin as the engine expects it: the port alone on the first line of stdout."""

import os
import signal
import sys
import threading
from types import FrameType

from tests.lab.tencentcloud_plugin.server import serve

_LOOK_FOR_ENGINE = 1.0


def main() -> None:
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server, port = serve(engine=sys.argv[-1] if len(sys.argv) > 1 else "")
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # A killed engine sends no end.
    engine = os.getppid()
    while not stopped.wait(_LOOK_FOR_ENGINE) and os.getppid() == engine:
        pass
    server.stop(grace=1).wait()


if __name__ == "__main__":
    main()
