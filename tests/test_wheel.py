"""The built wheel works outside the checkout: weights, configuration, templates and texts come along."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = [pytest.mark.wheel, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_training_data_stays_out_of_the_wheel(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if name.startswith(("models/data/", "tests/", "sample/"))]
    assert {"models/current/model.safetensors", "models/current/activations.safetensors"} <= set(names)


def test_the_job_runs_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(installed), str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    (tmp_path / "a.csv").write_text("id,评论\n1,味道不错送餐太慢了\n2,客服态度很差\n", encoding="utf-8")
    script = (
        f"import sys; sys.path.insert(0, {str(installed)!r})\n"
        "import pipeline, models, flows\n"
        f"assert all(m.__file__.startswith({str(installed)!r}) for m in (pipeline, models, flows))\n"
        "from flows.cli import app\n"
        "app(['run', 'a.csv', '--out', 'out'])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("out/published/*/report.zh.html"))
