"""`python -m tests.processes.forks`: runs each call of the command in a fork with all modules and given
streams.

A call and its result are a line of JSON each. A fork costs a tenth of an interpreter and has the streams
that an interpreter would open at its start; test_endings.py starts some interpreters too.
"""

import importlib
import importlib.abc
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from pulumi_tke_hybrid.cli import main

SECRET = "s3cr3t"
RAISED: dict[str, BaseException] = {
    "KeyError": KeyError(SECRET),
    "RecursionError": RecursionError(),
    "MemoryError": MemoryError(),
    "SystemExit": SystemExit(1),
}


class Missing(importlib.abc.MetaPathFinder):
    """Makes the import of some packages fail: `missing` do not exist, `broken` cannot be loaded."""

    def __init__(self, missing: list[str], broken: list[str]) -> None:
        self.missing, self.broken = missing, broken

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        top = name.split(".")[0]
        if top in self.broken:
            raise ImportError(f"cannot import name 'x' from {name!r}", name=name)
        if top in self.missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def load() -> None:
    """Import the modules of all commands; a missing module is skipped."""
    ours = [f"{command}.run_command" for command in ("review", "verify")]
    ours += [
        "capacity.cluster_sources",
        "capacity.propose",
        "drift.report",
        "drift.collect",
        "doctor.credentials",
        "doctor.service",
        "cli.commands",
    ]
    cloud = ["common_client", "credential", "profile.http_profile", "profile.client_profile"]
    drawn = [
        "rich.console",
        "rich.table",
        "rich.markup",
        "rich.status",
        "rich.live",
        "typer.rich_utils",
        "kubernetes",
        "yaml",
    ]
    for name in (
        *(f"pulumi_tke_hybrid.{name}" for name in ours),
        *(f"tencentcloud.common.{name}" for name in cloud),
        *drawn,
    ):
        try:
            importlib.import_module(name)
        except ImportError:
            continue  # the command that imports the module reports the error


def streams(call: dict[str, Any], folder: Path) -> None:
    """Open the streams of the fork. `streams` maps a file number to a file, to an empty text for a closed
    stream, and to `<FILE` for a stream that can be read only."""
    where = {0: "/dev/null", 1: str(folder / "out"), 2: str(folder / "err")}
    where |= {int(number): name for number, name in call.get("streams", {}).items()}
    made: list[Any] = []
    for number, name in where.items():
        os.close(number)
        if not name:
            made.append(None)
            continue
        reads = number == 0 or name.startswith("<")
        opened = os.open(name.lstrip("<"), os.O_RDONLY if reads else os.O_WRONLY)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
        raw = io.FileIO(number, "w" if number else "r", closefd=False)
        buffer = io.BufferedWriter(raw) if number else io.BufferedReader(raw)
        made.append(io.TextIOWrapper(buffer, encoding=call.get("encoding", "utf-8")))
    sys.stdin, sys.stdout, sys.stderr = made


def child(call: dict[str, Any], folder: Path) -> NoReturn:
    """Run the command and end with its exit code, or with the 120 of an interpreter that cannot flush its
    streams."""
    streams(call, folder)
    sys.argv = ["tke-hybrid", *call["words"]]
    if call.get("raises"):
        run_command = importlib.import_module("pulumi_tke_hybrid.review.run_command")
        vars(run_command)["run"] = lambda *_: fail(call["raises"])
    code: Any = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = 120
    os._exit(code)


def fail(name: str) -> NoReturn:
    raise RAISED[name]


def answer(call: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "out").touch()
        (folder / "err").touch()
        number = os.fork()
        if not number:
            child(call, folder)
        code = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
        return {
            "code": code,
            "out": (folder / "out").read_bytes().hex(),
            "err": (folder / "err").read_bytes().hex(),
        }


if __name__ == "__main__":
    sys.meta_path.insert(0, Missing(*json.loads(sys.argv[1])))
    load()
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
