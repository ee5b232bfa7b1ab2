"""Errors of `models`. Each message says what was found, where, and what to do about it.

ModelError
    ModelNotFoundError   no such weights, or no network to fetch them
    ModelBrokenError     weights, configuration, label set or hashes do not fit together
    GoldError       a line of labelled data that cannot be used
"""

from __future__ import annotations


class ModelError(Exception):
    """Anything that keeps a model from being loaded, trained or scored."""


class ModelNotFoundError(ModelError):
    """No model under the given name."""


class ModelBrokenError(ModelError):
    """A model directory whose parts are missing, damaged or do not fit together."""


class GoldError(ModelError):
    """Labelled data that breaks the codebook; the message names file, line and value."""
