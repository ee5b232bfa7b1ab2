"""Settings of the whole suite."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Machines are noisy: how long an example takes is no test. In CI every run tries the same examples, so that a change
# that lands is judged by what it changed; run locally to look for new ones.
settings.register_profile(
    "cx", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("cx")
