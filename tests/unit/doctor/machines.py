"""A machine on which every check succeeds; each test changes one part."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pulumi_tke_hybrid.doctor.machine import Machine, Ran

SECRET_ID, SECRET_KEY = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA", "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"
PLUGINS = [
    {"name": "kubernetes", "kind": "resource", "version": "4.25.0"},
    {"name": "tencentcloud", "kind": "resource", "version": "0.2.3"},
]
PACKAGES = {"pulumi": "3.272.0", "pulumi-kubernetes": "4.25.0", "tencentcloud-iac-pulumi": "0.2.3"}
ENVIRONMENT = {
    "TENCENTCLOUD_SECRET_ID": SECRET_ID,
    "TENCENTCLOUD_SECRET_KEY": SECRET_KEY,
    "TENCENTCLOUD_REGION": "ap-guangzhou",
}


@dataclass
class FakeMachine(Machine):
    """A machine with prepared values."""

    python: tuple[int, int, int] = (3, 11, 7)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(ENVIRONMENT))
    packages: dict[str, str] = field(default_factory=lambda: dict(PACKAGES))
    programs: dict[str, str] = field(
        default_factory=lambda: {
            "pulumi": "/opt/pulumi/pulumi",
            "/opt/pulumi/pulumi-language-python": "/opt/pulumi/pulumi-language-python",
        }
    )
    answers: dict[str, Ran] = field(
        default_factory=lambda: {
            "version": Ran(0, "v3.259.0\n"),
            "plugin ls --json": Ran(0, json.dumps(PLUGINS)),
            "config --json --non-interactive": Ran(1, stderr="error: no stack selected"),
        }
    )
    files: dict[str, str] = field(default_factory=dict[str, str])

    def home(self) -> Path:
        return Path("/home/somebody")

    def requirements(self) -> list[str]:
        return [
            "pulumi<4,>=3.259",
            "pulumi-kubernetes<5,>=4.25",
            "tencentcloud-iac-pulumi>=0.2.3",
            'PyGithub>=2; extra == "comments"',
        ]

    def package(self, name: str) -> str | None:
        return self.packages.get(name)

    def program(self, name: str) -> str | None:
        return self.programs.get(name)

    def run(self, *command: str) -> Ran:
        return self.answers.get(" ".join(command[1:]), Ran(None, stderr="TimeoutExpired"))

    def read(self, path: Path) -> str | None:
        return self.files.get(str(path))
