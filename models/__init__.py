"""The bilingual model: texts in, opinion units with labels and probabilities out.

Knows texts, spans and labels, never a `Feedback`. Importing this package loads neither torch nor spaCy.
"""
