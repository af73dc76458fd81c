"""Cases run programs and commands in the process of the tests."""

from tests.in_process import leave_out_unused_work

leave_out_unused_work()
