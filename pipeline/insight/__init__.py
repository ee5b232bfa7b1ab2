"""From figures to decisions: ranked cells, actions, evidence, strengths. Formulas: docs/insight.md."""
