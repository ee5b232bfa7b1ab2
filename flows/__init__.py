"""Prefect flows and the command line: the only package that imports Prefect.

No telemetry: these settings are in force before Prefect, transformers or huggingface_hub are imported.
"""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
