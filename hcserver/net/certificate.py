"""The certificate with which a listener speaks TLS."""

from __future__ import annotations

import logging
import os
import ssl

from hcserver.errors import ConfigError

log = logging.getLogger(__name__)


class Certificate:
    """A certificate and its key, for TLS 1.2 or newer. The files are read again when they change, since
    certificates are renewed every few weeks. Connections keep the certificate that they began with.
    """

    def __init__(self, section: str, cert: str, key: str) -> None:
        """Paths of PEM files, from the settings `tls_cert` and `tls_key` of that section; with an empty `key`
        it is in the certificate's file. Raises ConfigError.
        """
        self._cert = cert
        self._key = key or cert
        try:
            self._version = self._stat()
            self._context = self._load()
        except OSError as error:  # ssl.SSLError is one
            raise ConfigError(
                f"{section}.tls_cert, {section}.tls_key: can't use {cert!r}, {key!r}: {error}"
            ) from error

    def context(self) -> ssl.SSLContext:
        """For the next connection. New files that can't be used, half-written ones say, change nothing."""
        try:
            version = self._stat()
            if version != self._version:
                self._take_up(version)
        except OSError as error:
            self._refuse(error)
        return self._context

    def reload(self) -> None:
        """Read the files now, whether they have changed or not. Files that can't be used change nothing."""
        try:
            self._take_up(self._stat())
        except OSError as error:
            self._refuse(error)

    def _take_up(self, version: tuple[int, ...]) -> None:
        self._version = version
        self._context = self._load()
        log.info("read the TLS certificate %s again", self._cert)

    def _refuse(self, error: OSError) -> None:
        log.error("can't use the new TLS certificate %s, keeping the old one: %s", self._cert, error)

    def _stat(self) -> tuple[int, ...]:
        cert, key = os.stat(self._cert), os.stat(self._key)
        return cert.st_mtime_ns, cert.st_size, key.st_mtime_ns, key.st_size

    def _load(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # A client could ask for one handshake after the other, each of which costs us more than it costs him.
        context.options |= ssl.OP_NO_RENEGOTIATION
        # A password makes OpenSSL fail on a locked key; without one it would ask on the terminal.
        context.load_cert_chain(self._cert, self._key, password="")
        return context
