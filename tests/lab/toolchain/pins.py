"""One table of what the lab builds: pinned modules, flags, and what a cold build costs."""

from dataclasses import dataclass

GO_MINIMUM = (1, 26)
PULUMI_MINIMUM = (3, 259)
PULUMI = "v3.259.0"
KUBERNETES_PLUGIN = "4.25.0"
KUBERNETES = "v1.36.3"
KWOK = "v0.8.0"

PULUMI_SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
KUBERNETES_PLUGIN_MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4"
_STRIPPED = "-s -w"


def _kubernetes_version_flags() -> str:
    """Without these flags the API server's version is v0.0, and the kubernetes plugin refuses v0.0."""
    major, minor, _ = KUBERNETES.removeprefix("v").split(".")
    values = {
        "gitVersion": KUBERNETES,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return " ".join(f"-X {package}.{key}={value}" for package in packages for key, value in values.items())


@dataclass(frozen=True)
class ModuleFile:
    """A file that comes out of a module's folder."""

    module: str
    path: str
    name: str


@dataclass(frozen=True)
class Group:
    """One go.mod, and the programs built from it."""

    name: str
    version: str
    programs: tuple[tuple[str, str], ...]
    """(file name, package)."""
    ldflags: str
    cold_seconds: int
    """A cold build on two cores."""
    disk_gigabytes: float
    """Module cache, build cache and result of a cold build."""
    tags: str = ""
    embedded: tuple[ModuleFile, ...] = ()
    """Copied beside the sources before building."""
    scripts: tuple[ModuleFile, ...] = ()
    """Installed beside the programs."""

    @property
    def files(self) -> tuple[str, ...]:
        return (*(name for name, _ in self.programs), *(script.name for script in self.scripts))

    def go_flags(self) -> list[str]:
        tags = ["-tags", self.tags] if self.tags else []
        return ["-mod=readonly", "-trimpath", "-buildvcs=false", *tags, "-ldflags", self.ldflags]


GROUPS = (
    Group(
        name="etcd",
        version="v3.6.14",
        programs=(("etcd", "go.etcd.io/etcd/server/v3"),),
        ldflags=_STRIPPED,
        cold_seconds=65,
        disk_gigabytes=0.8,
    ),
    Group(
        name="kwok",
        version=KWOK,
        programs=(("kwok", "sigs.k8s.io/kwok/cmd/kwok"),),
        ldflags=f"{_STRIPPED} -X sigs.k8s.io/kwok/pkg/consts.Version={KWOK}",
        cold_seconds=100,
        disk_gigabytes=1.2,
    ),
    Group(
        name="pulumi",
        version=PULUMI,
        programs=(("pulumi", "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"),),
        ldflags=f"{_STRIPPED} -X {PULUMI_SDK_MODULE}/go/common/version.Version={PULUMI}",
        tags="osusergo,grpcnotrace",
        cold_seconds=280,
        disk_gigabytes=3.0,
        scripts=(
            ModuleFile(
                PULUMI_SDK_MODULE, "python/cmd/pulumi-language-python-exec", "pulumi-language-python-exec"
            ),
            ModuleFile(
                PULUMI_SDK_MODULE,
                "python/dist/pulumi-resource-pulumi-python",
                "pulumi-resource-pulumi-python",
            ),
        ),
    ),
    Group(
        name="kube",
        version=KUBERNETES,
        programs=tuple(
            (name, f"k8s.io/kubernetes/cmd/{name}")
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
        ),
        ldflags=f"{_STRIPPED} {_kubernetes_version_flags()}",
        cold_seconds=385,
        disk_gigabytes=3.5,
    ),
    Group(
        name="kubernetes_plugin",
        version=f"v{KUBERNETES_PLUGIN}",
        programs=(("pulumi-resource-kubernetes", "."),),
        ldflags=f"{_STRIPPED} -X {KUBERNETES_PLUGIN_MODULE}/pkg/version.Version={KUBERNETES_PLUGIN}",
        cold_seconds=540,
        disk_gigabytes=5.0,
        embedded=(
            ModuleFile(KUBERNETES_PLUGIN_MODULE, "cmd/pulumi-resource-kubernetes/schema.json", "schema.json"),
        ),
    ),
)

CONTROL_PLANE = ("etcd", "kwok", "kube")
"""The groups of a cluster without Pulumi."""
