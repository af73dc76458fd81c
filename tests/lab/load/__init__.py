"""Steady load through the lab's load balancers: is a request lost while pods come and go?"""

from tests.lab.load.report import Failure, Report
from tests.lab.load.steady import SteadyLoad

__all__ = ["Failure", "Report", "SteadyLoad"]
