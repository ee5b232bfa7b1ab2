"""A real server, a real worker: deploy as docs/operations.md says, trigger a run, read the result."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from pipeline.store import snapshot

ROOT = Path(__file__).parents[2]
PREFECT = [sys.executable, "-m", "prefect"]
PATIENCE = 300.0

pytestmark = [pytest.mark.server, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A server on a free port with a database of its own, and the environment that points to it."""
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "COLUMNS": "240",  # tables of the Prefect command line cut names off at a narrow width
        "CXI_HASH_KEY": "a key only for this test",
    }
    with (home / "server.log").open("wb") as log:
        command = [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/api/health", home / "server.log")
            yield environment
        finally:
            server.terminate()
            server.wait(timeout=60)


def _wait_for(address: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(1)
    pytest.fail(f"the server did not answer; its log ends:\n{log.read_text()[-2000:]}")


def prefect(environment: dict[str, str], *args: str) -> str:
    done = subprocess.run(
        [*PREFECT, *args], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_deploy_trigger_and_read(environment: dict[str, str], tmp_path: Path) -> None:
    feedback = tmp_path / "feedback.jsonl"
    rows = [{"id": str(n), "text": "送餐太慢了，等了四十分钟", "time": "2026-09-01"} for n in range(7)]
    feedback.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    config = tmp_path / "config.yaml"
    config.write_text(f"out: {tmp_path / 'out'}\nmodel: {{name: lexicon}}\n", encoding="utf-8")

    prefect(environment, "work-pool", "create", "cx-insight", "--type", "process")
    prefect(environment, "--no-prompt", "deploy", "--all")
    parameters = {"config": str(config), "paths": [str(feedback)], "language": "zh", "since": "2026-09-01"}
    prefect(environment, "deployment", "run", "insights/ad-hoc", "--param", f"parameters={json.dumps(parameters)}")
    worker = prefect(environment, "worker", "start", "--pool", "cx-insight", "--run-once")

    tables = snapshot.load(snapshot.current(tmp_path / "out"))
    assert int(tables["dim_run"].iloc[-1]["new"]) == len(rows), worker
    assert (snapshot.current(tmp_path / "out") / "report.zh.html").exists()
    states = prefect(environment, "flow-run", "ls", "--state", "COMPLETED")
    assert "insights" in states
    artifacts = prefect(environment, "artifact", "ls")
    assert "run-summary" in artifacts
    assert "top-actions" in artifacts
    assert "data-quality" in artifacts
    assert "alerts" in artifacts
