"""Where feedback lives: Parquet partitions on the way in, a private DuckDB store, published snapshots."""
