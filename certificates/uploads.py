"""Receiving an uploaded file: only in memory, and never more than the largest document may hold."""

from __future__ import annotations

import io

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

MOST_KEPT = 4 * 1024 * 1024  # of a definition; a form of smaller files looks at their size


class CappedUploadHandler(FileUploadHandler):
    """Keeps the first 4 MiB of a file and lets the rest pass by; ``size`` tells how large it was.

    The rest is still read, so that the browser gets an answer instead of a closed connection. It is the only handler: no
    uploaded file ever touches the disk.
    """

    def new_file(self, *args: object, **kwargs: object) -> None:
        """Begin a file."""
        super().new_file(*args, **kwargs)  # type: ignore[arg-type]  # handed on as Django hands them in
        self._kept = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep what fits."""
        if start < MOST_KEPT:
            self._kept.write(raw_data[: MOST_KEPT - start])

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """Return the file with its true size."""
        self._kept.seek(0)
        return InMemoryUploadedFile(
            file=self._kept,
            field_name=self.field_name,
            name=self.file_name or "",
            content_type=self.content_type or "",
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
