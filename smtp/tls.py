"""The certificate for STARTTLS."""

from __future__ import annotations

import logging
import os
import ssl

from hcserver.errors import ConfigError

log = logging.getLogger(__name__)


class Certificate:
    """A certificate and its key. The files are read again when they change, since certificates are renewed
    every few weeks.
    """

    def __init__(self, cert: str, key: str) -> None:
        """Paths of PEM files; with an empty `key` it is in the certificate's file. Raises ConfigError."""
        self._cert = cert
        self._key = key or cert
        try:
            self._version = self._stat()
            self._context = self._load()
        except OSError as error:  # ssl.SSLError is one
            raise ConfigError(f"smtp.tls_cert, smtp.tls_key: can't use {cert!r}, {key!r}: {error}") from error

    def context(self) -> ssl.SSLContext:
        """For the next connection. New files that can't be used, half-written ones say, change nothing."""
        try:
            version = self._stat()
            if version != self._version:
                self._version = version
                self._context = self._load()
        except OSError as error:
            log.error("can't use the new TLS certificate %s: %s", self._cert, error)
        return self._context

    def _stat(self) -> tuple[int, ...]:
        cert, key = os.stat(self._cert), os.stat(self._key)
        return cert.st_mtime_ns, cert.st_size, key.st_mtime_ns, key.st_size

    def _load(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        # A password makes OpenSSL fail on a locked key; without one it would ask on the terminal.
        context.load_cert_chain(self._cert, self._key, password="")
        return context
