from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcserver.mime.transfer_encoding import decode_base64, decode_transfer


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"QmFja3Vw", b"Backup"),
        (b"QmFj\r\na3Vw\r\n", b"Backup"),
        (b"QmFja3VwIQ", b"Backup!"),
        (b"QmFja3VwIQ=", b"Backup!"),
        (b"QmFja3VwIQ====", b"Backup!"),
        (b"QmFja3VwIQ==\r\nT0s=", b"Backup!OK"),
        (b"QmFja3VwI", b"Backup"),
        (b"Qm*Fj-a3Vw", b"Backup"),
        (b"====", b""),
        (b"", b""),
    ],
)
def test_base64_of_all_qualities(data: bytes, expected: bytes) -> None:
    assert decode_base64(data) == expected


@pytest.mark.parametrize(
    ("data", "encoding", "expected"),
    [
        (b"Backup=20fai=\r\nled", "quoted-printable", b"Backup failed"),
        (b"Backup=20fai=  \t\r\nled", "quoted-printable", b"Backup failed"),
        (b"100=% =ZZ", "quoted-printable", b"100=% =ZZ"),
        (b"QmFja3Vw\r\n", "base64", b"Backup"),
        (b"Backup failed, it was not encoded", "base64", b"Backup failed, it was not encoded"),
        (b"job failed", "base64", b"job failed"),
        (b"am9i!\x01IEZB*SUxF", "base64", b"job FAILE"),
        (b"--==--==--", "base64", b"--==--==--"),
        (b"begin 644 log\r\n*2F]B(&9A:6QE9   \r\n`\r\nend\r\n", "x-uuencode", b"Job failed"),
        (b"Log:\nbegin 644 log\n*2F]B(&9A:6QE9   \n`\nend\nmore", "x-uue", b"Job failed"),
        (b"begin 644 log\n*2F]B(&9A:6QE9   **\n*2F]B(&9A:6QE9   ", "uuencode", b"Job failedJob failed"),
        (b"begin 644 log\n#\x01\x02\x03\n\n`\nend", "x-uuencode", b""),
        (b"Job failed", "x-uuencode", b"Job failed"),
        (b"=41", "8bit", b"=41"),
        (b"=41", "", b"=41"),
        (b"=41", "x-unknown", b"=41"),
    ],
)
def test_encodings(data: bytes, encoding: str, expected: bytes) -> None:
    assert decode_transfer(data, encoding) == expected


@given(st.binary(max_size=200))
def test_what_was_encoded_comes_back(data: bytes) -> None:
    assert decode_transfer(base64.encodebytes(data), "base64") == data


@given(st.binary(max_size=60), st.sampled_from(["base64", "quoted-printable", "x-uuencode"]))
def test_no_data_are_too_broken(data: bytes, encoding: str) -> None:
    decode_transfer(data, encoding)
