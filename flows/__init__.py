"""Prefect flows and the command line: the only package that imports Prefect.

No telemetry: these settings are in force before Prefect, transformers or huggingface_hub are imported.
"""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
# A temporary server on a busy machine takes longer than Prefect's default patience.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")

from flows.blocks import read_secret
from pipeline.credentials import read_blocks_with

read_blocks_with(read_secret)
