"""SIGTERM and SIGHUP end a command as Ctrl-C does."""

import os
import signal
from collections.abc import Iterator

import pytest

from pulumi_tke_hybrid.cli.process import like_ctrl_c
from pulumi_tke_hybrid.verify import run_command
from pulumi_tke_hybrid.verify.command import VerifyArguments

SIGNALS = [signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def others() -> Iterator[list[int]]:
    """Handlers in place of the default handlers, which would end the tests; they record the signals."""
    received: list[int] = []
    before = [signal.signal(number, lambda got, _: received.append(got)) for number in SIGNALS]
    yield received
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_command_is_interrupted_once_and_cleans_up(others: list[int], number: int) -> None:
    cleaned: list[str] = []

    def command() -> None:
        with like_ctrl_c():
            try:
                os.kill(os.getpid(), number)
            finally:
                for again in SIGNALS:
                    os.kill(os.getpid(), again)
                cleaned.append("all")

    with pytest.raises(KeyboardInterrupt):
        command()
    assert (cleaned, others) == (["all"], [])
    os.kill(os.getpid(), number)
    assert others == [number]  # afterwards the earlier handlers are back


def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with like_ctrl_c():
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.parametrize("number", SIGNALS)
def test_verify_is_interrupted_and_deletes_its_job(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(run_command, "verify", lambda *_: os.kill(os.getpid(), number))
    with pytest.raises(KeyboardInterrupt):
        run_command.run(VerifyArguments(service="default/web"))
