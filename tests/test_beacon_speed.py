"""The bench of the beacon runs, and its figures are not out of all proportion: a test machine may be busy."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.home import ROOT


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_write_costs_a_beacon_little() -> None:
    command = [sys.executable, "bench/beacon.py", "--rounds", "1", "--seconds", "1", "--share", "0.2", "--port", "8340"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=230)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("all goals are met")
