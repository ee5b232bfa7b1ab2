"""What the command line loads, and what it must not load."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("prefect", "torch", "spacy", "pandas", "transformers", "presidio_analyzer", "matplotlib")


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_help_loads_nothing_heavy():
    modules = loaded_by("from flows.cli import app")
    assert not modules & set(HEAVY)


def test_the_fast_engine_and_masking_load_no_torch():
    modules = loaded_by(
        "from models.engine import load_model\n"
        "from pipeline.privacy.masker import Masker\n"
        "assert load_model('current', engine='onnx').predict(['味道不错', 'good'])\n"
        "assert Masker().mask('13800138000').spans"
    )
    assert {"spacy", "jieba", "presidio_analyzer", "onnxruntime"} <= modules
    assert not modules & {"torch", "transformers"}


def test_the_library_runs_without_prefect():
    assert "prefect" not in loaded_by("import pipeline.run, pipeline.export, pipeline.doctor")


@pytest.mark.parametrize("variable", ["DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED"])
def test_no_telemetry_is_in_force_before_prefect_is_imported(variable, monkeypatch):
    monkeypatch.delenv(variable, raising=False)
    code = (
        "import flows, os\n"
        f"assert os.environ[{variable!r}].lower() in ('1', 'false')\n"
        "assert 'prefect' not in sys.modules"
    )
    loaded_by(code)
