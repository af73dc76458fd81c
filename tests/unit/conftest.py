"""Unit tests run programs and commands in their own process."""

from tests.in_process import leave_out_unused_work

leave_out_unused_work()
