"""The exit code of each command that fails or cannot write its report: never 1, never 0, never a stack
trace."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import COMMAND
from tests.processes.commands import ROOT, Call, Forks, calls, ends, environment, refusing, start
from tests.processes.forks import RAISED, SECRET
from tests.unit.review.recordings import RECORDED

FULL = "/dev/full"
EVERY = (
    "review",
    "review of a danger",
    "verify",
    "drift",
    "capacity",
    "capacity of a cluster",
    "capacity propose",
    "doctor",
    "policy",
)
WRITES_NOTHING = ("verify", "capacity of a cluster")  # on standard output, when the result is could not tell


@dataclass(frozen=True)
class Place:
    """The calls of the commands, and an environment that reaches loopback alone."""

    folder: Path
    server: str
    calls: dict[str, Call]
    forks: Forks

    def environment(self, **more: str) -> dict[str, str]:
        return environment(self.folder, self.server, **more)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("commands")
    with refusing() as server, Forks(environment(folder, server)) as forks:
        yield Place(folder, server, calls(folder, server), forks)


LOCALES = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "POSIX": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
    "latin": {"LC_ALL": "en_US.ISO-8859-1", "PYTHONIOENCODING": "iso-8859-1"},
    "cp1252": {"PYTHONIOENCODING": "cp1252:strict"},
    "gbk": {"LC_ALL": "zh_CN.GBK", "PYTHONIOENCODING": "gbk"},
    "utf-16": {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "utf-16"},
}


@pytest.mark.parametrize("locale", LOCALES.values(), ids=LOCALES)
def test_output_is_utf_8_in_every_locale(place: Place, locale: dict[str, str]) -> None:
    code, out, err = ends(
        start([COMMAND, *place.calls["review of a danger"].words], place.environment(**locale))
    )
    assert (code, err) == (2, b"")
    assert "⛔" in out.decode("utf-8")


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1", "cp1252", "gbk", "utf-16", "big5"])
@pytest.mark.parametrize("name", ["review", "verify", "drift", "capacity", "doctor"])
def test_every_encoding_of_the_streams_becomes_utf_8(place: Place, name: str, encoding: str) -> None:
    code, out, err = place.forks.run(place.calls[name].words, encoding=encoding)
    assert code == place.calls[name].code, err
    assert b"Traceback" not in err
    assert (out + err).decode("utf-8").strip()


def test_a_name_that_is_no_utf_8_is_read_and_shown(place: Place) -> None:
    name = bytes(place.folder) + b"/pr\xe9vu\xff.json"
    with open(name, "wb") as file:
        file.write((RECORDED / "raw-list-empty.json").read_bytes())
    env = place.environment(**LOCALES["C"])
    found = subprocess.run(
        [COMMAND, "review", name, "--markdown", name + b".md"], cwd=ROOT, env=env, capture_output=True
    )
    assert (found.returncode, found.stderr) == (2, b"")
    missing = subprocess.run([COMMAND, "review", name + b"x"], cwd=ROOT, env=env, capture_output=True)
    assert missing.returncode == 64
    assert "cannot be read" in missing.stderr.decode("utf-8")


STREAMS = {
    "closed": {1: ""},
    "full": {1: FULL},
    "for reading alone": {1: "</dev/null"},
    "all closed": {0: "", 1: "", 2: ""},
    "both full": {1: FULL, 2: FULL},
}


@pytest.mark.parametrize("streams", STREAMS.values(), ids=STREAMS)
@pytest.mark.parametrize("name", ["review", "review of a danger", "drift", "capacity", "doctor"])
def test_a_lost_report_is_never_fine(place: Place, name: str, streams: dict[int, str]) -> None:
    code, _, err = place.forks.run(place.calls[name].words, streams=streams)
    # A known danger keeps its code; doctor writes while it checks, and ends at the first line.
    assert code == (3 if name == "doctor" else place.calls[name].code or 3), err
    assert b"Traceback" not in err
    assert 2 in streams or b"be written" in err


@pytest.mark.parametrize("streams", [">&-", ">/dev/full", "<&- >&- 2>&-"])
def test_an_interpreter_that_starts_without_streams_ends_the_same(place: Place, streams: str) -> None:
    words = ["sh", "-c", f'"$@" {streams}', "sh", COMMAND, *place.calls["review"].words]
    code, _, err = ends(start(words, place.environment()))
    assert code == 3
    assert err.count(b"\n") == (0 if "2>" in streams else 1), err


def test_help_that_cannot_be_written_is_not_fine(place: Place) -> None:
    for words in (["--help"], ["verify", "--help"]):
        for target in ("", FULL):
            assert place.forks.run(words, streams={1: target})[0] == 3
    assert place.forks.run(["--help"])[0] == 0


@pytest.mark.parametrize("option", ["--json", "--markdown"])
@pytest.mark.parametrize("name", [name for name in EVERY if name not in WRITES_NOTHING])
def test_a_report_on_a_full_disk_is_never_fine(place: Place, name: str, option: str) -> None:
    code, _, err = place.forks.run([*place.calls[name].words, option, FULL])
    if option == "--markdown" and name.split()[0] in ("capacity", "doctor"):
        assert (code, b"No such option" in err) == (64, True)
        return
    assert code == (place.calls[name].code or 3), err
    assert b"/dev/full cannot be written: No space left on device" in err


def test_a_closed_reader_is_no_verdict(place: Place) -> None:
    with start([COMMAND, "policy", "--own-vpc"], place.environment()) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == 3
        assert process.stderr is not None
        assert process.stderr.read().splitlines() == [
            b"policy: standard output cannot be written: Broken pipe"
        ]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        *((name, signal.SIGTERM) for name in ("verify", "drift", "capacity of a cluster", "doctor")),
        ("drift", signal.SIGINT),
    ],
)
def test_a_command_that_waits_is_ended_by_a_signal(tmp_path: Path, name: str, number: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        words = [word for word in calls(tmp_path, address)[name].words if word != "--offline"]
        with start(
            ["env", "--default-signal=INT", COMMAND, *words], environment(tmp_path, address)
        ) as process:
            connection, _ = silent.accept()
            process.send_signal(number)
            code, _, err = ends(process)
            connection.close()
    assert code in (-number, 128 + number), err
    assert b"Traceback" not in err


PACKAGES = {
    "typer": "typer",
    "rich": "rich",
    "kubernetes": "kubernetes",
    "httpx2": "httpx2",
    "urllib3": "urllib3",
    "yaml": "pyyaml",
    "tencentcloud": "tencentcloud-sdk-python-common",
}
"""Module and distribution of each package that a command imports."""
CLUSTER = {"verify", "drift", "capacity of a cluster"}
NEEDED: dict[str, set[str]] = {
    "typer": set(EVERY),
    "rich": set(EVERY),
    "kubernetes": CLUSTER,
    "yaml": CLUSTER,
    "httpx2": {"doctor"},
    "urllib3": {"verify"},
    "tencentcloud": {"drift"},
}
"""The commands that cannot do without it."""


@pytest.mark.parametrize(
    ("module", "broken"), [*((module, False) for module in PACKAGES), ("typer", True), ("kubernetes", True)]
)
def test_a_missing_package_is_named(place: Place, module: str, broken: bool) -> None:
    with Forks(place.environment(), *(((), (module,)) if broken else ((module,), ()))) as forks:
        found = {name: forks.run(place.calls[name].words) for name in EVERY}
    without = {name for name, (code, _, _) in found.items() if code == 70}
    assert NEEDED[module] <= without
    for name, (code, _, err) in found.items():
        assert b"Traceback" not in err
        if name not in without:
            assert code == place.calls[name].code
            continue
        (line,) = err.decode().splitlines()
        assert (
            f"the Python package {PACKAGES[module]} {'cannot be loaded' if broken else 'is not installed'}"
            in line
        )
        assert line.endswith(f" {PACKAGES[module]}")


OF_PROGRAMS = {
    "pulumi": "pulumi",
    "pulumi_kubernetes": "pulumi-kubernetes",
    "tencentcloud_iac_pulumi": "tencentcloud-iac-pulumi",
}
OF_OTHERS = {"pydantic": "pydantic", "typing_extensions": "typing-extensions"}
"""Loaded by programs, and by packages that are in `PACKAGES`."""


def test_each_required_package_is_tested() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = project[
        project.index("\ndependencies = [") : project.index("\n]", project.index("\ndependencies = ["))
    ]
    assert set(re.findall(r'"([\w-]+)', listed)) == {
        *PACKAGES.values(),
        *OF_PROGRAMS.values(),
        *OF_OTHERS.values(),
    }


def test_no_command_needs_the_packages_of_programs(place: Place) -> None:
    """Pulumi and its providers: the commands only read what they wrote."""
    with Forks(place.environment(), [*OF_PROGRAMS, "pulumi_policy"]) as forks:
        assert {name: forks.run(place.calls[name].words)[0] for name in EVERY} == {
            name: place.calls[name].code for name in EVERY
        }


@pytest.mark.parametrize("raised", RAISED)
def test_a_fault_of_the_package_is_one_line_and_70(place: Place, raised: str) -> None:
    code, out, err = place.forks.run(["review", "x.json"], raises=raised)
    assert (code, out) == (70, b"")
    (line,) = err.decode().splitlines()
    assert line.startswith(f"tke-hybrid: a fault of tke-hybrid itself: {raised}")
    assert "report this line" in line
    assert SECRET not in line
    for words in (["review", "x.json", "--traceback"], ["--traceback", "review", "x.json"]):
        code, _, err = place.forks.run(words, raises=raised)
        assert (code, b"Traceback" in err) == (70, True)


UNREADABLE = """
import sys, types
from pulumi_tke_hybrid.cli import main
sys.modules["pulumi_tke_hybrid.cli.commands"] = types.ModuleType("pulumi_tke_hybrid.cli.commands")
main()
"""
INTERRUPTED = """
import sys
from pulumi_tke_hybrid.cli import main
class Stop:
    def find_spec(self, *_):
        raise KeyboardInterrupt
sys.meta_path.insert(0, Stop())
main()
"""


def test_a_module_of_the_package_that_cannot_be_loaded_is_a_fault_of_the_package(place: Place) -> None:
    code, _, err = ends(start([sys.executable, "-c", UNREADABLE, "policy"], place.environment()))
    assert code == 70
    assert err.startswith(b"tke-hybrid: a fault of tke-hybrid itself: ImportError at cli/__init__.py:")
    assert err.count(b"\n") == 1


def test_a_signal_while_packages_are_loaded_is_one_line(place: Place) -> None:
    found = ends(start([sys.executable, "-c", INTERRUPTED, "policy"], place.environment()))
    assert found == (130, b"", b"tke-hybrid: ended before it was done\n")
