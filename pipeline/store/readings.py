"""What was read of each input file, kept masked until the file changes: the next run reads only what is new.

Under the store's folder, one folder per file read: `read/<key>/` with its partitions, its rows set aside and
`reading.json`. The key covers all that the rows depend on (`pipeline.staging.reading_key`), so that a folder is right
or is not found; it appears by one rename, and one whose files are not as they were written is not used. What stands
before the key's dash is the file's source and name alone: another reading of the same file takes the place of the last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.store.files import remove, replacing, storage_errors, sync
from pipeline.store.partitions import Staged

_FACTS = "reading.json"


@dataclass(frozen=True, slots=True)
class FileReading:
    """One file as it was read: its rows in partitions, how many it had, notes for the user, score cells left out
    (column -> cells), and the SHA-256 of its bytes (empty where it has none).
    """

    staged: Staged
    rows: int
    notes: tuple[str, ...] = ()
    scores_refused: dict[str, int] = field(default_factory=dict)
    digest: str = ""


class Readings:
    """The readings under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, key: str) -> FileReading | None:
        """The reading under a key; None where there is none, or a damaged one."""
        folder = self.folder / key
        try:
            facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
            if facts["sizes"] != _sizes(folder):
                return None
            parts = [folder / name for name in facts["feedback"]]
            staged = Staged(parts, folder / facts["quarantine"], facts["forgotten"])
            return FileReading(staged, facts["rows"], tuple(facts["notes"]), facts["scores_refused"], facts["digest"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, key: str, folder: Path, reading: FileReading) -> FileReading:
        """Move a folder that holds all files of a reading here, in one step. Raises StoreError if the disk fails."""
        with storage_errors(self.folder):
            return self._keep(key, folder, reading)

    def _keep(self, key: str, folder: Path, reading: FileReading) -> FileReading:
        facts = {
            "feedback": [path.name for path in reading.staged.feedback],
            "quarantine": reading.staged.quarantine.name,
            "forgotten": reading.staged.forgotten,
            "rows": reading.rows,
            "notes": reading.notes,
            "scores_refused": reading.scores_refused,
            "digest": reading.digest,
            "sizes": _sizes(folder),
        }
        with replacing(folder / _FACTS) as temporary:
            temporary.write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
        target = self.folder / key
        self.folder.mkdir(parents=True, exist_ok=True)
        if not remove(target):  # left where it is: what was read is good for this run all the same
            return reading
        folder.replace(target)
        sync(self.folder)
        moved = [target / path.name for path in reading.staged.feedback]
        staged = Staged(moved, target / reading.staged.quarantine.name, reading.staged.forgotten)
        return replace(reading, staged=staged)

    def retain(self, keys: Iterable[str], *, others: bool) -> None:
        """Remove every reading but those under `keys`. With `others`, those of other files stay: what is removed are
        earlier readings of the same files. One that cannot be removed is no failure, for it is not found any more.
        """
        kept = set(keys)
        files = {_file_of(key) for key in kept}
        with storage_errors(self.folder):
            found = [*self.folder.iterdir()] if self.folder.is_dir() else []
        for folder in found:
            if folder.name not in kept and not (others and _file_of(folder.name) not in files):
                remove(folder)


def _file_of(key: str) -> str:
    return key.partition("-")[0]


def _sizes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.suffix == ".parquet"}
