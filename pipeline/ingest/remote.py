"""Files in object storage, through fsspec: found by URL and streamed, with nothing of them kept on a disk."""

from __future__ import annotations

import errno
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Any, BinaryIO, TypeVar, cast

from pipeline.credentials import options_from_environment
from pipeline.errors import ConfigError, InputError, UnavailableError
from pipeline.ingest.discover import Discovery, InputFile, classify, not_read, suffixes
from pipeline.ingest.places import Place

_ON_DISK = ("simplecache", "filecache", "blockcache", "cached")
_BUFFER = 1 << 20
_MARKS = ("ETag", "etag", "md5Hash", "content_md5", "mtime", "updated", "LastModified", "last_modified", "created")
"""Where the kinds of storage say which version of a file they hold, the surest first."""
_SURE = ("ETag", "etag", "md5Hash", "content_md5")
"""Those of them that change with every other content, as times of whole seconds do not."""

Version = dict[str, str]
"""What is known of a version: size, and the marks."""

T = TypeVar("T")


@dataclass(frozen=True)
class RemoteFile:
    """A file in object storage, in the version that was found: another one is an error, not other rows half-way."""

    storage: Any = field(repr=False)
    path: str
    url: str
    version: Version = field(repr=False, compare=False)
    bytes: int | None
    lasting = True

    @property
    def name(self) -> str:
        """See Place."""
        return PurePosixPath(self.path).name

    @property
    def parts(self) -> tuple[str, ...]:
        """See Place."""
        return PurePosixPath(self.path).parts

    def open(self) -> BinaryIO:
        """See Place."""
        self.storage.invalidate_cache()
        if not _same(_version(_as_os_error(lambda: self.storage.info(self.path))), self.version):
            raise OSError(errno.ESTALE, "it changed while it was read: run again")
        stream = _as_os_error(lambda: self.storage.open(self.path, "rb"))
        return cast(BinaryIO, io.BufferedReader(_Stream(stream), _BUFFER))

    def size(self) -> int | None:
        """See Place."""
        return self.bytes

    def fingerprint(self) -> str | None:
        """Place, size and the storage's own mark of the version; None where it has only a time or a weak mark."""
        mark = next((name for name in _SURE if name in self.version), None)
        if mark is None or self.version[mark].startswith("W/"):
            return None
        return json.dumps([self.url, self.version.get("size"), mark, self.version[mark]])

    def __str__(self) -> str:
        return self.url


class _Stream(io.RawIOBase):
    """An fsspec file whose failures are all OSErrors, without the words of the storage's client."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data: bytes = _as_os_error(lambda: self._stream.read(len(buffer)))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return int(self._stream.seek(offset, whence))

    def tell(self) -> int:
        return int(self._stream.tell())

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def discover_urls(urls: Sequence[str], *, options_env: str | None, where: str) -> Discovery:
    """The files that the URLs name: each one itself, all of a pattern, or all below a folder, in name order.

    Raises ConfigError for a kind of storage that is not known or not installed, InputError where a URL names nothing
    that is read, UnavailableError where the storage cannot be reached.
    """
    options = options_from_environment(options_env, where=f"{where}.storage_options_env") if options_env else {}
    files: dict[str, InputFile] = {}
    others: list[PurePosixPath] = []
    for url in urls:
        storage, path = _storage(url, options, where=f"{where}.urls")
        named, found = _listing(storage, path, url)
        for info in found:
            name = str(info["name"])
            kind = classify(PurePosixPath(name).name)
            if kind is None and named:
                raise not_read(url, PurePosixPath(name).suffix.lower())
            if kind is None:
                others.append(PurePosixPath(name))
                continue
            place: Place = RemoteFile(
                storage, name, str(storage.unstrip_protocol(name)), _version(info), info.get("size")
            )
            label = _below(PurePosixPath(name), PurePosixPath(path))
            files.setdefault(str(place), InputFile(place, kind.format, label, named, kind.compressed))
        if not any(classify(PurePosixPath(str(info["name"])).name) for info in found):
            raise InputError(
                "nothing there is read" if found else "no file there",
                where=url,
                remedy=f"correct the URL; read are files with {suffixes()}",
            )
    return Discovery(tuple(files.values()), tuple(others))


def _below(file: PurePosixPath, asked: PurePosixPath) -> str:
    """The file's path below the folder that a URL names, or below that of its first wildcard."""
    fixed = takewhile(lambda part: not any(sign in part for sign in "*?["), asked.parts)
    folder = PurePosixPath(*fixed)
    return str(file.relative_to(folder)) if file.is_relative_to(folder) and file != folder else file.name


def _storage(url: str, options: dict[str, Any], *, where: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    protocol = url.split("://", 1)[0]
    if protocol in _ON_DISK:
        raise ConfigError(
            "this kind of URL keeps unmasked copies on this machine's disk",
            where=where,
            value=protocol,
            remedy="name the storage itself, such as s3://bucket/feedback/*.csv",
        )
    try:
        storage, path = url_to_fs(url, **options)
    except ImportError:
        problem, remedy = "the package for this kind of URL is not installed", "for s3: pip install s3fs"
    except ValueError:
        problem, remedy = "this kind of URL is not known", "fsspec's documentation lists them: s3, gs, abfs, sftp ..."
    except Exception as error:  # each client has errors of its own, which may quote the options
        problem, remedy = (
            f"these options do not open it ({type(error).__name__})",
            "correct what storage_options_env holds",
        )
    else:
        return storage, path
    raise ConfigError(problem, where=where, value=protocol, remedy=remedy)


def _listing(storage: Any, path: str, url: str) -> tuple[bool, list[dict[str, Any]]]:
    """Whether the URL names one file, and what it stands for, in name order. Raises InputError, UnavailableError."""

    def look() -> tuple[bool, list[dict[str, Any]]]:
        storage.invalidate_cache()
        if "*" in path or "?" in path or "[" in path:
            found = storage.glob(path, detail=True)
            if not found:  # a bucket that does not exist matches nothing either
                storage.info(path.strip("/").split("/", 1)[0])
        elif storage.isfile(path):
            return True, [storage.info(path)]
        else:
            storage.info(path)
            found = storage.find(path, detail=True)
        files = [info for _, info in sorted(found.items()) if info["type"] == "file"]
        return False, [info for info in files if not PurePosixPath(info["name"]).name.startswith((".", "~$"))]

    try:
        return _as_os_error(look)
    except FileNotFoundError:
        problem: InputError = InputError("no such bucket, folder or file", where=url, remedy="correct the URL")
    except PermissionError:
        remedy = "check the credentials and what they allow; it takes the right to list and to read"
        problem = InputError("no permission to read there", where=url, remedy=remedy)
    except OSError as error:
        problem = UnavailableError(
            "the storage cannot be read",
            where=url,
            value=error.strerror,
            remedy="check network, endpoint and credentials (storage_options_env, or the client's own variables)",
        )
    raise problem


def _version(info: dict[str, Any]) -> Version:
    return {mark: _told(info[mark]) for mark in ("size", *_MARKS) if info.get(mark) is not None}


def _told(value: Any) -> str:
    """A mark as text; a time as whole seconds, for lists and single looks may tell it in different ways."""
    if isinstance(value, datetime):
        value = value.timestamp()
    return str(int(value) if isinstance(value, float) else value)


def _same(one: Version, other: Version) -> bool:
    """Whether two looks at a file found one version: by its size, and by the surest mark that both of them tell. (Lists
    and single looks tell different ones.)
    """
    surest = next((mark for mark in _MARKS if mark in one and mark in other), "size")
    return one.get("size") == other.get("size") and one.get(surest) == other.get(surest)


def _as_os_error(call: Callable[[], T]) -> T:
    """What `call` gives. Every failure becomes an OSError that names only its kind: messages of clients quote requests,
    and with them keys.
    """
    try:
        return call()
    except FileNotFoundError:
        failure = OSError(errno.ENOENT, "no such file")
    except PermissionError:
        failure = OSError(errno.EACCES, "permission denied")
    except Exception as error:  # each client has errors of its own
        if isinstance(error, OSError) and error.errno == errno.ESTALE:
            raise
        failure = OSError(errno.EIO, type(error).__name__)
    raise failure
