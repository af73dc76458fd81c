"""Files of kubeconfigs: merging, contexts, and errors by name. No message holds a value of a file."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pulumi_tke_hybrid.kube import KubeError, NoSuchEntry, kubeconfig
from tests.unit.kube.servers import Json


def config(context: str, server: str, current: bool = True, user: Json | None = None) -> Json:
    """Return a kubeconfig of one context, with a cluster and a user of the same name."""
    return {
        **({"current-context": context} if current else {}),
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "clusters": [{"name": context, "cluster": {"server": server}}],
        "users": [{"name": context, "user": user or {"token": "hunter2"}}],
    }


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def write(path: Path, content: Json | str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        content
        if isinstance(content, bytes)
        else (content if isinstance(content, str) else json.dumps(content)).encode()
    )
    return path


def listed(monkeypatch: pytest.MonkeyPatch, *paths: Path | str) -> kubeconfig.Kubeconfig:
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, paths)))
    found = kubeconfig.of_environment()
    assert found
    return found


def server(found: kubeconfig.Kubeconfig, context: str = "") -> str:
    return found.entry(context).cluster.text("server")


def test_the_first_file_wins_for_each_name_and_for_the_current_context(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = write(folder / "one", {"clusters": config("a", "https://one")["clusters"]})
    two = write(folder / "two", config("a", "https://two"))
    three = write(folder / "three", config("b", "https://three"))
    merged = listed(monkeypatch, "", folder / "missing", one, two, "", three)
    assert (merged.entry().context, server(merged), server(merged, "b")) == (
        "a",
        "https://one",
        "https://three",
    )
    assert server(listed(monkeypatch, three, two, one)) == "https://three"


def test_an_empty_current_context_leaves_the_next_files_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = write(folder / "one", {**config("a", "https://one"), "current-context": ""})
    assert listed(monkeypatch, one, write(folder / "two", config("b", "https://two"))).entry().context == "b"


def test_relative_paths_start_at_the_folder_of_their_own_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder / "x" / "token", "of-x")
    write(folder / "y" / "token", "of-y")
    one = write(folder / "x" / "config", config("a", "https://a", user={"tokenFile": "token"}))
    two = write(folder / "y" / "config", config("b", "https://b", user={"tokenFile": "./token"}))
    merged = listed(monkeypatch, one, two)
    assert [merged.entry(name).user.file("tokenFile") for name in ("a", "b")] == [b"of-x", b"of-y"]


def test_the_option_is_one_file_and_the_usual_place_comes_last(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = write(folder / ".kube" / "config", config("home", "https://home"))
    found = kubeconfig.of_environment()
    assert found
    assert found.entry().context == "home"
    other = write(folder / "other", config("other", "https://other"))
    assert listed(monkeypatch, other).entry().context == "other"
    assert kubeconfig.of_file(usual).entry().context == "home"
    usual.unlink()
    monkeypatch.delenv("KUBECONFIG")
    assert kubeconfig.of_environment() is None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_that_windows_wrote_are_read(folder: Path, encoding: str) -> None:
    text = (
        "current-context: c\ncontexts: [{name: c, context: {cluster: k}}]\nclusters: [{name: k, cluster:"
        " {server: 'https://k'}}]\n"
    )
    assert server(kubeconfig.of_file(write(folder / "config", text.encode(encoding)))) == "https://k"


def test_names_that_the_user_gave_and_that_do_not_exist_are_wrong_use(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoSuchEntry, match=r'kubeconfig ".*/missing" does not exist'):
        kubeconfig.of_file(folder / "missing")
    with pytest.raises(NoSuchEntry, match="does not exist"):
        kubeconfig.of_file(folder / ("x" * 5000))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["/missing/a", "/missing/b"]))
    with pytest.raises(NoSuchEntry, match='no file of KUBECONFIG exists: "/missing/a", "/missing/b"'):
        kubeconfig.of_environment()
    merged = listed(
        monkeypatch,
        write(folder / "one", config("a", "https://a")),
        write(folder / "two", config("b", "https://b")),
    )
    with pytest.raises(NoSuchEntry, match=r'KUBECONFIG has no context "c"; contexts: "a", "b"$'):
        merged.entry("c")


MANY = {"contexts": [{"name": f"c{number}", "context": {}} for number in range(14)]}
CLUSTER: Json = {"clusters": [{"name": "k", "cluster": {"server": "https://hunter2"}}]}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is empty"),
        ("a: [hunter2", "is not YAML"),
        ("a: b: hunter2", "is not YAML"),
        ("[" * 500, "is not YAML"),
        (b"\xff\xffhunter2", "is not YAML"),
        ("hunter2", "is not a mapping of fields"),
        ("[hunter2]", "is not a mapping of fields"),
        ({}, "has no current-context; name one with --context (there is no context)"),
        (MANY, '"c8", "c9" and 4 more)'),
        ({"current-context": 3}, "current-context is not a text"),
        (
            {"current-context": "c"},
            'current-context names "c", and there is no such context; there is no context',
        ),
        ({"clusters": "hunter2"}, "clusters is not a list"),
        ({"users": {"hunter2": 1}}, "users is not a list"),
        ({"contexts": ["hunter2"]}, "an entry of contexts is not a mapping of fields"),
        ({"contexts": [{"context": {}}]}, "an entry of contexts has no name"),
        ({"contexts": [{"name": 5, "context": {}}]}, "an entry of contexts has no name"),
        ({"users": [{"name": "u", "user": "hunter2"}]}, 'user "u" is not a mapping of fields'),
        ({"users": [{"name": "u"}, {"name": "u"}]}, 'users holds "u" twice'),
        ({"current-context": "c", "contexts": [{"name": "c"}]}, 'context "c" names no cluster'),
        (
            {"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": ["x"]}}]},
            'context "c": cluster is not a text',
        ),
        (
            {"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k"}}]},
            'context "c" names cluster "k", and there is none',
        ),
        (
            {
                **CLUSTER,
                "current-context": "c",
                "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            },
            'context "c" names user "u", and there is none',
        ),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_named_and_not_quoted(
    folder: Path, content: Any, problem: str
) -> None:
    path = write(folder / "config", content)
    with pytest.raises(KubeError) as caught:
        kubeconfig.of_file(path).entry()
    message = str(caught.value)
    assert problem in message
    assert not isinstance(caught.value, NoSuchEntry)
    assert "hunter2" not in message
    assert message.isprintable()


def test_one_file_that_cannot_be_read_is_not_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = write(folder / "good", config("a", "https://a"))
    for bad in (folder, write(folder / "bad", "a: [")):
        with pytest.raises(
            KubeError, match=r'kubeconfig ".*" (is not YAML|cannot be read \(Is a directory\))$'
        ):
            listed(monkeypatch, good, bad)


def test_names_are_shown_without_control_sequences(folder: Path) -> None:
    content = config("a\x1b[2K\nb", "https://a")
    path = write(folder / "config", {**content, "current-context": "x\r"})
    with pytest.raises(KubeError, match=r'"x\?", and there is no such context; contexts: "a\?\[2K\?b"$'):
        kubeconfig.of_file(path).entry()
