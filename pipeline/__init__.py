"""The job as a plain library: feedback files in, opinion units, tables and a report out. No Prefect in here."""
