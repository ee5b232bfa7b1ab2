"""Whether the data of a run look as they used to: pure functions over the published tables, and their texts."""
