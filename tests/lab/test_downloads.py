"""Official releases from a mirror with small archives, and a stand-in for Go: downloads, refusals, builds."""

import io
import stat
import tarfile
from collections.abc import Generator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.lab.release_mirror import ARCHITECTURE, Mirror
from tests.lab.toolchain import ToolchainError, build, ensure, fetch, pins
from tests.lab.toolchain.download import Source
from tests.lab.toolchain.pin import pin
from tests.lab.toolchain.releases import Archive, archives, pinned_sums

NAMES = {
    name for group in pins.GROUPS for a in archives(group.name, ARCHITECTURE) for name in a.members.values()
}
PROGRAMS = {name: f"official {name}\n".encode() * 1000 for name in NAMES}
ETCD = archives("etcd", ARCHITECTURE)[0]
GO = """#!/bin/sh
case "$1 $2" in
  "env GOVERSION") echo go1.26.8; exit;;
  "env GOCACHE") echo /nowhere; exit;;
  "mod download") exit;;
  "list -mod=readonly") echo {module}; exit;;
esac
echo "$@" >> {log}
for last; do :; done
while [ "$1" != -o ]; do shift; done
output=$2; shift 2
for package; do
  if [ -d "$output" ]; then echo built > "$output/${{package##*/}}"; else echo built > "$output"; fi
done
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without anything: no Pulumi, no Go, an empty cache."""
    for name in (
        "PULUMI_HOME",
        "TKE_HYBRID_LAB_SOURCE",
        "http_proxy",
        "HTTP_PROXY",
        "ALL_PROXY",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "bin").mkdir()
    for name in ("XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(fetch, "PAUSE", 0.0)
    return tmp_path / "tke-hybrid-lab"


@pytest.fixture
def mirror(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Mirror]:
    with Mirror().served() as made:
        made.add(PROGRAMS)
        monkeypatch.setenv("TKE_HYBRID_LAB_MIRROR", made.address)
        monkeypatch.setenv("TKE_HYBRID_LAB_SUMS", str(made.write_sums(tmp_path / "sums")))
        yield made


@pytest.fixture
def builds(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for Go; the file has one line for each `go build`."""
    module = tmp_path / "module"
    for file in (file for group in pins.GROUPS for file in (*group.scripts, *group.embedded)):
        (module / file.path).parent.mkdir(parents=True, exist_ok=True)
        (module / file.path).write_text("module")
    go, log = tmp_path / "bin" / "go", tmp_path / "builds"
    go.write_text(GO.format(module=module, log=log))
    go.chmod(0o755)
    log.touch()
    return log


def installed(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.glob("*-*"))


def test_a_cold_start_takes_all_programs_from_the_releases(
    mirror: Mirror, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    binaries = ensure()
    for name in PROGRAMS:
        folder = (
            binaries.pulumi_home / "plugins/resource-kubernetes-v4.25.0"
            if "kubernetes" in name
            else binaries.bin
        )
        assert (folder / name).read_bytes() == PROGRAMS[name]
        assert (folder / name).stat().st_mode & stat.S_IXUSR
    output = capsys.readouterr().err
    for path, content in mirror.files.items():
        assert f"downloading {mirror.address}/{path}" in output
        assert f"SHA-256 as pinned: {sha256(content).hexdigest()}" in output
    requested = len(mirror.requests)
    assert requested == len(mirror.files)
    assert ensure() == binaries
    assert len(mirror.requests) == requested
    assert list((cache / "downloads").iterdir()) == []


@pytest.mark.parametrize("source", ["", "download"])
def test_a_wrong_sum_is_refused_and_nothing_is_built_instead(
    mirror: Mirror, cache: Path, builds: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setenv("TKE_HYBRID_LAB_SOURCE", source)
    pinned = sha256(mirror.files[ETCD.path]).hexdigest()
    mirror.files[ETCD.path] += b"\0"
    with pytest.raises(ToolchainError) as caught:
        ensure()
    assert f"pinned SHA-256: {pinned}" in str(caught.value)
    assert f"SHA-256 found:  {sha256(mirror.files[ETCD.path]).hexdigest()}" in str(caught.value)
    assert installed(cache) == []
    assert list((cache / "downloads").iterdir()) == []
    assert builds.read_text() == ""


def test_without_network_everything_is_built_and_the_host_is_tried_once(
    mirror: Mirror, builds: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TKE_HYBRID_LAB_MIRROR", "http://127.0.0.1:1")
    tries: list[str] = []
    original = fetch.download

    def counted(http: httpx.Client, location: str, *rest: Any) -> None:
        tries.append(location)
        original(http, location, *rest)

    monkeypatch.setattr(fetch, "download", counted)
    binaries = ensure()
    assert len(builds.read_text().splitlines()) == len(pins.GROUPS)
    assert (binaries.bin / "kube-scheduler").read_text() == "built\n"
    assert len(tries) == 1
    output = capsys.readouterr().err
    for group in pins.GROUPS:
        assert f"  {group.name} is built, not downloaded: http://127.0.0.1:1/" in output
    assert "ConnectError" in output


def test_download_builds_nothing_and_build_downloads_nothing(
    mirror: Mirror, builds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TKE_HYBRID_LAB_SOURCE", "build")
    ensure()
    assert mirror.requests == []
    assert len(builds.read_text().splitlines()) == len(pins.GROUPS)
    builds.write_text("")
    monkeypatch.setenv("TKE_HYBRID_LAB_SOURCE", "download")
    mirror.files.pop(ETCD.path)
    with pytest.raises(ToolchainError, match=rf"etcd: {mirror.address}/{ETCD.path}: HTTP 404"):
        ensure()
    assert builds.read_text() == ""


def test_another_value_of_the_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TKE_HYBRID_LAB_SOURCE", "mirror")
    with pytest.raises(ToolchainError, match="TKE_HYBRID_LAB_SOURCE is 'mirror'; set build or download"):
        Source.chosen()


def test_only_a_group_that_is_not_there_is_built(
    mirror: Mirror, builds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror.files.pop(ETCD.path)
    binaries = ensure()
    assert (binaries.bin / "etcd").read_text() == "built\n"
    assert (binaries.bin / "kwok").read_bytes() == PROGRAMS["kwok"]
    assert len(builds.read_text().splitlines()) == 1
    assert "etcd is built, not downloaded: " in capsys.readouterr().err


def test_an_archive_without_a_pinned_sum_is_not_requested(
    mirror: Mirror, builds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = [line for line in (tmp_path / "sums").read_text().splitlines(True) if "kube-scheduler" not in line]
    (tmp_path / "sums").write_text("".join(kept))
    ensure()
    assert not [path for path, _ in mirror.requests if path.startswith("dl.k8s.io")]
    assert len(builds.read_text().splitlines()) == 1
    assert "kube is built, not downloaded: no SHA-256 sum of its release" in capsys.readouterr().err


def test_the_control_plane_alone_needs_no_pulumi(mirror: Mirror, builds: Path) -> None:
    binaries = ensure(only=pins.CONTROL_PLANE)
    requested = {path.split("/")[0] for path, _ in mirror.requests}
    assert requested == {"github.com", "dl.k8s.io"}
    assert (binaries.bin / "kube-apiserver").is_file()
    assert not (binaries.bin / "pulumi").exists()
    assert builds.read_text() == ""


def test_a_broken_transfer_continues_after_its_last_byte(mirror: Mirror) -> None:
    mirror.breaks_after = 100
    ensure(only=["etcd"])
    assert mirror.requests == [(ETCD.path, ""), (ETCD.path, "bytes=100-")]


def test_an_interrupted_download_goes_on_in_the_next_run(
    mirror: Mirror, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "ATTEMPTS", 1)
    monkeypatch.setenv("TKE_HYBRID_LAB_SOURCE", "download")
    mirror.breaks_after = 100
    with pytest.raises(ToolchainError, match=r"etcd: .*peer closed connection"):
        ensure(only=["etcd"])
    assert installed(cache) == []
    ensure(only=["etcd"])
    assert [wanted for _, wanted in mirror.requests] == ["", "bytes=100-"]


@pytest.mark.parametrize("left", [b"other bytes", b"x" * 100_000])
def test_the_rest_of_another_file_is_downloaded_again(mirror: Mirror, cache: Path, left: bytes) -> None:
    part = cache / "downloads" / sha256(mirror.files[ETCD.path]).hexdigest()
    part.parent.mkdir(parents=True)
    part.write_bytes(left)
    part.with_name("0" * 64).write_text("of an archive that is not pinned any more")
    binaries = ensure(only=["etcd"])
    assert (binaries.bin / "etcd").read_bytes() == PROGRAMS["etcd"]
    assert list((cache / "downloads").iterdir()) == []


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    content = b"evil" if kind == tarfile.REGTYPE else b""
    made.size = len(content)
    return made, content


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ([member("../../evil"), member("/tmp/evil-etcd")], "has no etcd-"),  # noqa: S108 - must not be written
        ([member(next(iter(ETCD.members)), tarfile.SYMTYPE, "/etc/passwd")], "is not a plain file: refused"),
        ([member(next(iter(ETCD.members)), tarfile.LNKTYPE, "../evil")], "is not a plain file: refused"),
        (None, "is no archive"),
    ],
)
def test_a_bad_archive_installs_nothing(
    mirror: Mirror,
    cache: Path,
    tmp_path: Path,
    members: list[tuple[tarfile.TarInfo, bytes]] | None,
    text: str,
) -> None:
    packed = io.BytesIO(b"" if members else b"plain text")
    if members:
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for info, content in members:
                tar.addfile(info, io.BytesIO(content))
    mirror.files[ETCD.path] = packed.getvalue()
    mirror.write_sums(tmp_path / "sums")
    with pytest.raises(ToolchainError, match=text):
        ensure(only=["etcd"])
    assert installed(cache) == []
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize("limit", ["MAX_BYTES", "MAX_UNPACKED_BYTES"])
def test_a_file_that_is_too_large_is_refused(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(fetch, limit, 50)
    with pytest.raises(ToolchainError, match=r"refused$"):
        ensure(only=["etcd"])


def test_a_redirect_never_leaves_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TKE_HYBRID_LAB_MIRROR", raising=False)
    plain = httpx.MockTransport(lambda _: httpx.Response(302, headers={"Location": "http://github.com/etcd"}))
    with (
        fetch.client() as real,
        httpx.Client(transport=plain, follow_redirects=True, event_hooks=real.event_hooks) as http,
        pytest.raises(ToolchainError, match="without https: refused"),
    ):
        http.get("https://github.com/etcd")


def test_the_proxy_of_the_machine_is_used(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", mirror.address)
    monkeypatch.setenv("TKE_HYBRID_LAB_MIRROR", "http://mirror.invalid")
    ensure(only=["etcd"])
    assert mirror.requests == [(ETCD.path, "")]


def test_the_password_of_a_mirror_is_not_printed(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TKE_HYBRID_LAB_MIRROR", mirror.address.replace("//", "//user:s3cret@"))
    mirror.files[ETCD.path] += b"\0"
    with pytest.raises(ToolchainError) as caught:
        ensure(only=["etcd"])
    assert "s3cret" not in str(caught.value) + capsys.readouterr().err


@pytest.mark.parametrize("text", ["ftp://mirror", "mirror", "http://mirror:port"])
def test_a_mirror_without_an_address_is_refused(
    cache: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("TKE_HYBRID_LAB_MIRROR", text)
    with pytest.raises(ToolchainError, match="TKE_HYBRID_LAB_MIRROR is no address"):
        ensure(only=["etcd"])


def test_a_line_that_is_no_sum_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sums").write_text("# comment\n\n1234  github.com/etcd\n")
    monkeypatch.setenv("TKE_HYBRID_LAB_SUMS", str(tmp_path / "sums"))
    with pytest.raises(ToolchainError, match="line 3: not a SHA-256 sum"):
        pinned_sums()


def test_the_lab_takes_every_pinned_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TKE_HYBRID_LAB_SUMS", raising=False)
    known = {
        archive.path
        for group in pins.GROUPS
        for arch in ("amd64", "arm64")
        for archive in archives(group.name, arch)
    }
    assert pinned_sums().keys() <= known
    assert all(Archive(path, {}).location == f"https://{path}" for path in known)


def test_pin_adds_the_sums_that_are_missing_and_changes_none(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = "arm64" if ARCHITECTURE == "amd64" else "amd64"
    for group in pins.GROUPS:
        mirror.files |= {archive.path: b"other" for archive in archives(group.name, other)}
    before = (tmp_path / "sums").read_text()
    missing = len(mirror.files) - len(before.splitlines())
    assert pin(tmp_path / "sums") == missing > 0
    assert (tmp_path / "sums").read_text().startswith(before)
    assert pinned_sums() == {path: sha256(content).hexdigest() for path, content in mirror.files.items()}
    mirror.files[ETCD.path] = b"another release"
    with pytest.raises(ToolchainError, match="not the pinned"):
        pin(tmp_path / "sums")


@pytest.mark.timeout(30)
def test_two_builds_overlap_and_a_failure_stops_the_other(
    cache: Path,
    builds: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TKE_HYBRID_LAB_SOURCE", "build")
    monkeypatch.setattr(build, "builders", lambda: 2)
    go = tmp_path / "bin" / "go"
    waits = (
        'case "$last" in . ) echo $$ > {0}/pid; exec {1} 60;;'
        " *etcd* ) while [ ! -s {0}/pid ]; do :; done; exit 7;; esac\nwhile"
    )
    sleep = next(path for path in ("/bin/sleep", "/usr/bin/sleep") if Path(path).exists())
    go.write_text(go.read_text().replace("while", waits.format(tmp_path, sleep), 1))
    with pytest.raises(ToolchainError, match="`go build` ended with 7"):
        ensure()
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()
    assert installed(cache) == []
    assert "Building etcd, kwok, pulumi, kube, kubernetes_plugin" in capsys.readouterr().err


def test_a_build_prints_the_remaining_groups_and_their_time(
    builds: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TKE_HYBRID_LAB_SOURCE", "build")
    monkeypatch.setattr(build, "estimate", lambda group: {"etcd": 60.0, "kwok": 120.0}[group.name])
    monkeypatch.setattr(build, "builders", lambda: 1)
    ensure(only=["etcd", "kwok"])
    assert "  etcd v3.6.14: built in 0:00; remaining: kwok, about 2:00\n" in capsys.readouterr().err
