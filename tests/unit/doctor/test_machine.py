"""Requirements, the machine of this process, and the redaction of keys."""

from pathlib import Path

from pulumi_tke_hybrid.doctor.machine import Machine, parse, redacted
from tests.unit.doctor.machines import SECRET_ID, SECRET_KEY


def test_requirements_have_a_name_and_bounds() -> None:
    assert parse("typer>=0.16") == ("typer", ">=0.16")
    assert parse("pyyaml") == ("pyyaml", "")
    assert parse('PyGithub>=2; extra == "comments"') is None


def test_this_machine_is_read() -> None:
    machine = Machine(Path(__file__).parent)
    assert machine.package("pulumi")
    assert machine.package("no-such-package-here") is None
    assert machine.run("/nonexistent").code is None
    assert machine.read(Path(__file__)) is not None
    assert machine.read(Path("/nonexistent")) is None


def test_texts_that_look_like_a_key_are_cut_out() -> None:
    assert redacted(f"key {SECRET_ID} and\n{SECRET_KEY}\x1b") == "key (not shown) and (not shown)"
