"""Compressed pages. The API's answers stay as they are: compressing large ones would hold the event loop."""

from __future__ import annotations

from tornado.httputil import HTTPHeaders
from tornado.web import GZipContentEncoding


class PageCompression(GZipContentEncoding):
    """Compresses pages, styles and scripts if the browser takes that; nothing else."""

    CONTENT_TYPES = {  # noqa: RUF012 - as Tornado declares it
        "text/html",
        "text/css",
        "text/javascript",
        "image/svg+xml",
    }

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        kind = headers.get("Content-Type", "").partition(";")[0]
        # A page that is sent in parts may wait for what the compressor holds back. A static file is flushed
        # before its answer is finished, although nothing follows.
        whole = finishing or headers.get("Content-Length") == str(len(chunk))
        if kind not in self.CONTENT_TYPES or not whole or "Content-Range" in headers:
            self._gzipping = False
            return status_code, headers, chunk
        answer = super().transform_first_chunk(status_code, headers, chunk, finishing=True)
        self._gzipping = False
        return answer
