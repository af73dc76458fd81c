"""`tke-hybrid doctor` with the real CLI and plugins, and the stand-in cloud."""

import json
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

from pulumi_tke_hybrid.doctor import command
from tests.engine.stacks import PROGRAMS, configure
from tests.lab.lab import Lab


def doctor(environment: dict[str, str], project: Path) -> tuple[int, dict[str, Any]]:
    app = typer.Typer()
    app.callback()(lambda: None)
    app.command("doctor")(command.doctor)
    result = CliRunner().invoke(
        app, ["doctor", "--project", str(project), "--stack", "doctor", "--json", "-"], env=environment
    )
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    for name in ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY"):
        assert (environment.get(name) or "(none)") not in result.output
    return result.exit_code, json.loads(result.stdout)


def test_a_machine_with_everything_is_ready_and_the_source_of_the_key_is_named(lab: Lab) -> None:
    root = PROGRAMS / "zones"
    project = lab.project(root)
    project.stack_init("doctor")
    try:
        lab.reset_calls()
        code, data = doctor(project.environment(), root)
        found = {check["id"]: check for check in data["checks"]}
        assert code == 0, data
        # The lab's key is the account's own, and the stack pins neither region nor account, which is worth a
        # word. Nothing else is.
        assert {name for name, check in found.items() if check["state"] != "ok"} == {"account", "refresh"}
        assert "TENCENTCLOUD_SECRET_ID" in found["credentials"]["detail"]
        assert not any(call["write"] for call in lab.calls())

        # The same key out of the stack's encrypted configuration.
        project.config_set("tencentcloud:secretId", lab.secret_id, secret=True)
        project.config_set("tencentcloud:secretKey", lab.secret_key, secret=True)
        configure(
            project,
            {"tencentcloud:region": "ap-guangzhou", "tencentcloud:allowedAccountIds": ["100000000001"]},
        )
        hidden = dict.fromkeys(
            ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_REGION"), ""
        )
        code, data = doctor({**project.environment(), **hidden}, root)
        found = {check["id"]: check for check in data["checks"]}
        assert code == 0, data
        assert "the stack's tencentcloud:secretId" in found["credentials"]["detail"]
        assert found["refresh"]["state"] == "ok"
        assert lab.secret_key not in json.dumps(data)
        assert lab.secret_id not in json.dumps(data)

        code, data = doctor({**project.environment(), **hidden, "PULUMI_CONFIG_PASSPHRASE": "wrong"}, root)
        assert code == 2
        lab.fault(
            action="GetRole",
            kind="error",
            code="InvalidParameter.RoleNotExist",
            message="role not exist",
            times=1,
        )
        code, data = doctor(project.environment(), root)
        assert (code, [check["id"] for check in data["checks"] if check["state"] == "failure"]) == (
            2,
            ["role"],
        )
    finally:
        project.run("stack", "rm", "--yes")
        (root / "Pulumi.doctor.yaml").unlink(missing_ok=True)
