"""The public names are there. That imports are lazy is seen in tests/processes."""

import pulumi_tke_hybrid as tke


def test_every_public_name_is_there() -> None:
    for name in tke.__all__:
        assert getattr(tke, name).__doc__ or name == "Input", name
