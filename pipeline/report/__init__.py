"""The report: a content model made from the published tables, and its renderers."""

from pipeline.report.files import write

__all__ = ["write"]
