"""The exception tree.

    CxiError                     anything a user can mend; the CLI prints it without a traceback
    +-- ConfigError              a configuration key or value (exit code 2)
    +-- InputError               a path, file, sheet, encoding or column (exit code 3)
    |   +-- ColumnsError         columns that do not fit; its message lists them
    |   +-- UnavailableError     a database or object storage that cannot be reached now
    +-- ContractError            a table that breaks its declared contract (exit code 4)
    +-- StoreError               the store or the output directory (exit code 5)
    |   +-- UndeliveredError     the new snapshot is published; a copy of it elsewhere is behind
    +-- ReportError              a report that cannot be made (exit code 6)

Models raise `models.errors.ModelError` (exit code 7). Errors keep their facts as attributes so that callers need
not parse messages; a message never holds feedback text.
"""

from __future__ import annotations


class CxiError(Exception):
    """Something a user can mend: says what is wrong, where, and what to do about it.

    `where` names the place (file, row, column, key) and `value` the offending value, never feedback text.
    """

    exit_code = 1

    def __init__(
        self, message: str, *, where: str | None = None, value: object | None = None, remedy: str | None = None
    ) -> None:
        self.message = message
        self.where = where
        self.value = value
        self.remedy = remedy
        super().__init__(self._render())

    def _render(self) -> str:
        lines = [f"{self.where}: {self.message}" if self.where else self.message]
        if self.value is not None:
            lines[0] += f" (got {self.value!r})"
        if self.remedy:
            lines.append(f"  remedy: {self.remedy}")
        return "\n".join(lines)


class ConfigError(CxiError):
    """A configuration key or value that cannot be used."""

    exit_code = 2


class InputError(CxiError):
    """A path, file, sheet, encoding or column that cannot be read."""

    exit_code = 3


class ColumnsError(InputError):
    """Columns that do not fit. The message lists them; `problem` does not, because a file without a header has feedback
    where its names should be.
    """

    def __init__(self, problem: str, *, seen: str, where: str, value: object | None = None, remedy: str) -> None:
        self.problem = problem
        super().__init__(f"{problem}; columns seen: {seen}", where=where, value=value, remedy=remedy)


class UnavailableError(InputError):
    """A database or an object storage that cannot be reached now: another try may help."""


class ContractError(CxiError):
    """A table that breaks its declared contract."""

    exit_code = 4


class StoreError(CxiError):
    """The store or the output directory cannot be used."""

    exit_code = 5


class UndeliveredError(StoreError):
    """The run's snapshot is published and current; PostgreSQL could not be brought to it."""


class ReportError(CxiError):
    """A report cannot be made from the tables."""

    exit_code = 6


def exit_code(error: BaseException) -> int:
    """What `cxi` exits with: 1 for errors that are no user's to mend."""
    from models.errors import ModelError

    if isinstance(error, CxiError):
        return error.exit_code
    return 7 if isinstance(error, ModelError) else 1
