"""Figures with intervals: pure functions from the fact tables. Formulas: docs/insight.md."""
