"""Data, not code: default configuration, taxonomy, action playbook, privacy policy."""
