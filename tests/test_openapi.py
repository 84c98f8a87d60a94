"""The OpenAPI document against a running newsapp, as schemathesis finds it: every answer is one that the document has."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.home import ROOT, Home
from tests.prepared import Prepared

PORT = 8370
# `at` must be of the last day, which no schema can say; more views than a request may have are 413, which schemathesis does not expect.
CONFIGURATION = """
[auth.openapi.key]
bearer = "{key}"

[[operations]]
include-name = "POST /api/v1/views"
checks.positive_data_acceptance.enabled = false
checks.negative_data_rejection.expected-statuses = [401, 413, 415, 422, 429]
"""


@pytest.fixture
def paper(tmp_path: Path, prepared: Prepared) -> Iterator[Home]:
    home = prepared.home_in(tmp_path / "home", PORT=PORT, SITE_WORKERS=1).up()
    yield home
    home.stop()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_every_answer_is_as_the_document_says(paper: Home, tmp_path: Path) -> None:
    configuration, key = tmp_path / "schemathesis.toml", command(paper, "newsapp.cli", "key", "add", "ios").split("Bearer ")[1].split()[0]
    configuration.write_text(CONFIGURATION.format(key=key))
    asked = (f"http://localhost:{PORT}/openapi.json", "--max-examples", "5", "--seed", "1", "--no-color")
    said = command(paper, "schemathesis.cli", "--config-file", str(configuration), "run", *asked, folder=tmp_path)
    assert "3 selected / 3 total" in said


def command(paper: Home, module: str, *words: str, folder: Path = ROOT) -> str:
    done = subprocess.run([sys.executable, "-m", module, *words], cwd=folder, env=paper.environment, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout
