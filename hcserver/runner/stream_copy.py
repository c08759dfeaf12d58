"""The output of a command passed on as it comes, while its end is kept for the report."""

from __future__ import annotations

import array
import fcntl
import os
import select
import selectors
import termios
import threading
import time
from typing import IO, Final

from hcserver.runner.tail import Tail

_CHUNK: Final = 65_536  # bytes, what a pipe holds
# For how many seconds the output of a command that has ended is still waited for. Helpers of the command may
# have a last word; a daemon that it has started may hold the pipe for ever.
_LAST_WORDS: Final = 1.0


class StreamCopy:
    """Copies `source` (a pipe) to `sink` (our standard output or error) in a thread of its own.

    The file descriptor `ended` becomes readable when the command has ended. `fault` is why the sink could not
    be written to; that its reader has gone is none. In both cases the source is closed, so that the command
    gets SIGPIPE.
    """

    def __init__(self, source: IO[bytes], sink: int, tail: Tail, ended: int) -> None:
        self.fault: OSError | None = None
        self._pipe = source
        self._source = source.fileno()
        self._sink = sink
        self._tail = tail
        self._ended = ended
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        try:
            if self._copy_while_running():
                self._copy_the_rest()
        except BrokenPipeError:
            pass
        except OSError as error:
            self.fault = error
        finally:
            self._pipe.close()

    def _copy_while_running(self) -> bool:
        """Whether the command ended before its output did."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._source, selectors.EVENT_READ)
            selector.register(self._ended, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if self._ended in ready:
                    return True
                if not self._copy_chunk(_CHUNK):
                    return False

    def _copy_the_rest(self) -> None:
        """All that the command itself has written, and what comes within `_LAST_WORDS`."""
        waiting = _bytes_in(self._source)
        while waiting > 0 and (copied := self._copy_chunk(min(_CHUNK, waiting))):
            waiting -= copied
        deadline = time.monotonic() + _LAST_WORDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._source, selectors.EVENT_READ)
            while selector.select(max(0.0, deadline - time.monotonic())) and self._copy_chunk(_CHUNK):
                if time.monotonic() > deadline:
                    return

    def _copy_chunk(self, size: int) -> int:
        """How many bytes were copied; 0: there will be no more."""
        chunk = os.read(self._source, size)
        self._tail.append(chunk)
        rest = memoryview(chunk)
        while rest:
            try:
                rest = rest[os.write(self._sink, rest) :]
            except BlockingIOError:  # whoever shares our output has set O_NONBLOCK
                select.select([], [self._sink], [])
        return len(chunk)


def _bytes_in(pipe: int) -> int:
    size = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, size)
    return size[0]
