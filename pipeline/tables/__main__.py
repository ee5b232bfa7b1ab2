"""`python -m pipeline.tables > docs/tables.md`."""

from __future__ import annotations

import sys

from pipeline.tables import TABLES
from pipeline.tables.document import markdown

sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
sys.stdout.write(markdown(TABLES))
