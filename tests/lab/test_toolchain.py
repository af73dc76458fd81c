"""The builder without building: the name of a build, its flags, and its messages."""

import shutil
import stat
import time
from pathlib import Path

import pytest

from tests.lab.toolchain import ToolchainError, ensure, go, official, pins
from tests.lab.toolchain.build import check_disk
from tests.lab.toolchain.cache import SOURCES, build_lock, group_hash, staged
from tests.lab.toolchain.go import Go
from tests.lab.toolchain.progress import Progress

GROUPS = {group.name: group for group in pins.GROUPS}


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    shutil.copytree(SOURCES / "etcd", tmp_path / "sources" / "etcd")
    return tmp_path / "sources"


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    monkeypatch.setenv("PATH", "")
    return tmp_path / "tke-hybrid-lab"


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "tools.go"])
def test_a_build_is_named_after_each_of_its_sources(sources: Path, name: str) -> None:
    before = group_hash(GROUPS["etcd"], "go1.26", sources)
    with (sources / "etcd" / name).open("a") as file:
        file.write("\n// changed\n")
    assert group_hash(GROUPS["etcd"], "go1.26", sources) != before


def test_a_build_is_named_after_go_series_but_not_after_what_a_build_copies(sources: Path) -> None:
    assert group_hash(GROUPS["etcd"], "go1.26", sources) != group_hash(GROUPS["etcd"], "go1.27", sources)
    plugin = GROUPS["kubernetes_plugin"]
    shutil.copytree(SOURCES / plugin.name, sources / plugin.name)
    before = group_hash(plugin, "go1.26", sources)
    (sources / plugin.name / "schema.json").write_text("{}")
    assert group_hash(plugin, "go1.26", sources) == before


@pytest.mark.parametrize("group", pins.GROUPS, ids=lambda group: group.name)
def test_every_group_pins_the_versions_of_the_table_and_builds_read_only(group: pins.Group) -> None:
    modules = (SOURCES / group.name / "go.mod").read_text()
    if group.name == "kubernetes_plugin":
        assert pins.KUBERNETES_PLUGIN_MODULE in modules  # its module has a version of its own
    else:
        assert group.version in modules
    assert (SOURCES / group.name / "go.sum").stat().st_size > 0
    assert {"-mod=readonly", "-trimpath", "-buildvcs=false"} <= set(group.go_flags())
    assert not (SOURCES / group.name / "schema.json").exists()


def test_the_api_server_gets_its_version() -> None:
    flags = GROUPS["kube"].ldflags
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        assert f"-X {package}.gitVersion={pins.KUBERNETES}" in flags


def test_the_machines_own_flags_do_not_reach_a_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLAGS", "-mod=vendor -race")
    monkeypatch.setenv("GOPROXY", "off")
    environment = go.build_environment()
    assert environment["GOFLAGS"] == "-mod=readonly"
    assert environment["CGO_ENABLED"] == "0"
    assert environment["GOPROXY"] == "off"


def test_without_go_the_message_names_the_program_to_install(empty_cache: Path) -> None:
    with pytest.raises(ToolchainError, match=r"no `go` on PATH. Install Go 1.26 or newer"):
        ensure()
    assert not list(empty_cache.glob("*-*"))


def test_an_old_go_is_named(empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = program(tmp_path / "bin" / "go", "echo go1.24.3")
    monkeypatch.setenv("PATH", str(old.parent))
    with pytest.raises(ToolchainError, match=rf"Go 1.26; {old} is go1.24.3"):
        ensure(only=["etcd"])


def test_a_failing_build_shows_its_tail_and_a_hint() -> None:
    output = "\n".join(["early"] * 100 + ["go: x: dial tcp: lookup proxy.invalid: no such host"])
    text = go.explain(["go", "build"], 1, output)
    assert "needs a Go module proxy" in text
    assert "no such host" in text
    assert len(text.splitlines()) < 40
    assert "disk is full" in go.explain(["go", "build"], 1, "write /tmp/x: no space left on device")
    assert "Nothing was built" in go.explain(["go", "build"], 1, "SECURITY ERROR")


def test_go_is_interrupted_with_the_builder(tmp_path: Path) -> None:
    slow = program(tmp_path / "go", f"echo $$ > {tmp_path}/pid; exec sleep 60")

    def tick() -> None:
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Go(str(slow), "go1.26.8").run(["build"], tmp_path, tick)
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()


def test_a_full_disk_is_noticed_before_building(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10**8)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ToolchainError, match=r"kube needs about 3.5 GB .* 0.1 GB are free"):
        check_disk(GROUPS["kube"], tmp_path / "go-build", tmp_path)


def test_a_build_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "etcd-1234"

    def interrupted() -> None:
        with staged(target) as staging:
            (staging / "etcd").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []
    with staged(target) as staging:
        (staging / "etcd").write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_a_second_builder_waits_with_a_message(tmp_path: Path) -> None:
    messages: list[str] = []

    class Gone(Exception):
        pass

    def pause(seconds: float) -> None:
        raise Gone

    with build_lock(tmp_path, lambda: None, pause), pytest.raises(Gone):  # noqa: SIM117
        with build_lock(tmp_path, lambda: messages.append("waiting"), pause):
            pass
    assert messages == ["waiting"]


def test_official_programs_win_when_they_are_new_enough(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "official"))
    pulumi = program(tmp_path / "official" / "pulumi", "echo v3.258.0")
    assert official.pulumi() is None
    program(pulumi, "echo v3.300.1")
    assert official.pulumi() == pulumi
    assert official.language_host(pulumi) is None
    host = program(pulumi.with_name("pulumi-language-python"), "")
    assert official.language_host(pulumi) == host
    assert official.kubernetes_plugin() is None
    plugin = program(
        tmp_path / ".pulumi" / "plugins" / official.PLUGIN_FOLDER / "pulumi-resource-kubernetes", ""
    )
    assert official.kubernetes_plugin() == plugin.parent


def test_the_labs_own_programs_are_not_official(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = program(empty_cache / "lab-1" / "bin" / "pulumi", "echo v3.300.1")
    monkeypatch.setenv("PATH", str(own.parent))
    assert official.pulumi() is None


def test_progress_away_from_a_terminal_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    progress.line("one")
    progress.beat("too early")
    assert capsys.readouterr().err == "one\n"


def test_a_second_ensure_is_quick() -> None:
    ensure()
    started = time.monotonic()
    binaries = ensure()
    assert time.monotonic() - started < 0.5
    for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "pulumi"):
        assert (binaries.bin / name).stat().st_mode & stat.S_IXUSR
    assert (binaries.pulumi_home / "plugins" / official.PLUGIN_FOLDER / "pulumi-resource-kubernetes").exists()
