"""Collecting and giving back, so that one odd submission stops nobody else's (named in nbgrader_config.py).

nbgrader's own classes end at the first file that is no archive, link that leads nowhere, date that is none,
or student without a secret. These pass over it, say so in one sentence, and go on.
"""

import glob
import os
import re
import tarfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback
from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin
from nbgrader.utils import parse_utc

from teaching.submission import LARGEST, OWN_FILES, Unreadable, read_file

MOST_FILES = 500  # of one submission


def plain(name: str) -> str:
    """A name with _ in the place of what is neither letter nor digit nor one of ``. @ + -`` and space.

    A line break in a name ends nbgrader's ``autograde``, and HTML in one runs in formgrader.
    """
    return re.sub(r"[^\w .@+-]", "_", name).strip(" .") or "nameless"


def tidy(submitted: Path) -> None:
    """Rename students' folders whose names are not :func:`plain`."""
    for folder in list(submitted.iterdir()) if submitted.is_dir() else ():
        name = plain(folder.name)
        if name != folder.name and not (folder.parent / name).exists():
            folder.rename(folder.parent / name)


def copy_plain_files(source: Path, target: Path) -> Iterator[str]:
    """Copy a folder's plain files, those in its folders included; yields a sentence for each that is left out."""
    if source.is_symlink():
        yield f"{plain(source.name)} is a link, and nothing in it was collected."
        return
    copied = 0
    for folder, folders, names, opened in os.fwalk(source):  # goes into no link
        odd = [name for name in folders if name.endswith(".ipynb")]
        folders[:] = [name for name in folders if name not in odd]
        for name in names + odd:
            try:
                content = read_file(Path(name), opened)
            except Unreadable as why:
                yield f"{plain(os.path.join(folder, name))} was not collected. {why}"
                if not name.endswith(".ipynb"):
                    continue
                content = b""  # it is graded as what it is, no notebook, and the student gets to read so
            copied += 1
            if copied > MOST_FILES:
                yield f"{plain(source.name)} has more than {MOST_FILES} files; the others were not collected."
                return
            place = target / os.path.relpath(folder, source) / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


class Collect(ExchangeCollect):
    """nbgrader's ``collect``, which follows no link and passes over a submission with a name or date that is none."""

    def _path_to_record(self, path: str) -> dict[str, Any]:
        name = os.path.basename(path)
        try:
            username, _, when, *_ = name.rsplit("+", 3)
            return {"username": username, "filename": name, "timestamp": parse_utc(when)}
        except (ValueError, OverflowError, TypeError):
            return {"username": name, "filename": name, "timestamp": datetime.min}

    def init_src(self) -> None:
        super().init_src()
        for record in list(self.src_records):
            if record["timestamp"] == datetime.min or record["username"] != plain(record["username"]):
                self.log.warning("Not collected, as its name is none of a submission: %s", plain(record["filename"]))  # fmt: skip
                self.src_records.remove(record)

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        for sentence in copy_plain_files(Path(src), Path(dest)):
            self.log.warning(sentence)
        Path(dest).mkdir(parents=True, exist_ok=True)
        self.set_perms(dest, fileperms=0o664, dirperms=0o775)


class ReleaseFeedback(ExchangeReleaseFeedback):
    """nbgrader's ``release_feedback``, for those who handed in through the exchange; says who did not."""

    def copy_files(self) -> None:
        for folder in map(Path, sorted(glob.glob(self.src_path))):
            if all((folder / name).is_file() for name in OWN_FILES):
                self.src_path = glob.escape(str(folder))
                super().copy_files()
            else:
                self.log.warning(
                    "%s did not hand in through the exchange: send the page in %s by the way it came.",
                    plain(folder.parent.name),
                    folder,
                )


class Extractor(ExtractorPlugin):
    """nbgrader's extractor, which passes over what is no archive and takes only notebooks out of one."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        for path in sorted(Path(archive_path).rglob("*")):
            if path.is_dir() and not path.is_symlink():
                continue
            place = Path(extracted_path) / path.relative_to(archive_path)
            try:
                if path.suffix in self.zip_ext:
                    take_out(path, place.with_name(path.name.removesuffix(path.suffix).removesuffix(".tar")))
                else:
                    content = read_file(path)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(content)
            except Unreadable as why:
                self.log.warning("%s was passed over. %s", plain(path.name), why)


def take_out(archive: Path, target: Path) -> None:
    """The notebooks of an archive, under ``target``. Raises Unreadable for a file that is no archive."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                for member in packed.infolist()[:MOST_FILES]:
                    if not member.is_dir() and member.file_size <= LARGEST:
                        with packed.open(member) as file:
                            put(target, member.filename, file.read(LARGEST))
            return
        with tarfile.open(archive) as packed:
            for _, member in zip(range(MOST_FILES), packed, strict=False):
                if member.isreg() and member.size <= LARGEST:
                    put(target, member.name, packed.extractfile(member).read())
    except (
        OSError,
        EOFError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        tarfile.TarError,
        zipfile.BadZipFile,
    ):
        raise Unreadable("It is no archive that can be opened.") from None


def put(target: Path, name: str, content: bytes) -> None:
    """One notebook of an archive; the parts of its name that lead elsewhere are left out."""
    parts = [plain(part) for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..")]
    if name.endswith(".ipynb") and parts:
        place = target.joinpath(*parts)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


class Collector(FileNameCollectorPlugin):
    """nbgrader's collector, to which a second notebook of a student, of no known date, is no reason to stop."""

    def collect(self, submitted_file: str) -> dict[str, Any] | None:
        info = super().collect(submitted_file)
        if not info:
            return info
        info["student_id"] = plain(info["student_id"])
        seen = self.__dict__.setdefault("_seen", {})
        first = seen.setdefault((info["student_id"], info["file_id"]), submitted_file)
        if first != submitted_file and "timestamp" not in info:
            self.log.warning(
                "%s has two notebooks and no date says which is newer; the first counts: %s, not %s.",
                info["student_id"], plain(first), plain(submitted_file),
            )  # fmt: skip
            return None
        return info
