"""Starts the stand-in plugin as the engine expects it: the port alone on the first line of stdout."""

import importlib.util
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType, ModuleType

_LOOK_FOR_ENGINE = 1.0


def _skip_sdk() -> None:
    """Let `pulumi.runtime.proto` be imported without the SDK around it, which takes half of the start. The
    language host has this function too: the script is installed alone and imports nothing of the lab."""
    found = importlib.util.find_spec("pulumi")
    for folder in (found and found.submodule_search_locations) or ():
        for name, path in (("pulumi", Path(folder)), ("pulumi.runtime", Path(folder, "runtime"))):
            sys.modules[name] = ModuleType(name)
            sys.modules[name].__path__ = [str(path)]


def main() -> None:
    _skip_sdk()
    from tests.lab.tencentcloud_plugin.server import serve

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
