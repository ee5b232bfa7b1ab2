"""The sections of the report, one module each: tables in (through `Facts`), content out."""
