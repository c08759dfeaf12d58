"""Mail by programs that people send it with; those that are not installed are skipped."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.smtp.fakes import Client, FakeIntake, address, listening

TEXT = b"Subject: nightly\n\nbackup finished\n.\n..\n"

COMMANDS = {
    "swaks": "swaks --server 127.0.0.1:{port} --from nas@example.org --to {to} --data -",
    "swaks-pipeline": "swaks --pipeline --server 127.0.0.1:{port} --from nas@example.org --to {to} --data -",
    "msmtp": "msmtp --host=127.0.0.1 --port={port} --from=nas@example.org {to}",
    "curl": "curl -sS smtp://127.0.0.1:{port} --mail-from nas@example.org --mail-rcpt {to} --upload-file -",
    "node": "node {folder}/send.js {port} {to}",
}

NODEMAILER = """
const server = {host: '127.0.0.1', port: process.argv[2], secure: false};
const transport = require('nodemailer').createTransport(server);
transport.sendMail({from: 'nas@example.org', to: process.argv[3], subject: 'nightly',
  text: 'backup finished\\n.\\n..\\n', html: '<p>backup finished'})
  .catch(error => { console.error(error); process.exit(1); });
"""


@pytest.mark.parametrize("sender", COMMANDS)
async def test_a_report_by_a_real_sender_is_recorded(sender: str, tmp_path: Path) -> None:
    program = sender.partition("-")[0]
    if shutil.which(program) is None:
        pytest.skip(f"no {program} here")
    script = tmp_path / "send.js"
    script.write_text(NODEMAILER)
    services = FakeIntake()
    check = services.add(filter_subject=True, filter_body=True, success_kw="backup finished")
    async with listening(services) as (_, port):
        command = COMMANDS[sender].format(port=port, to=address(check), folder=tmp_path)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command.split(), stdin=pipe, stdout=pipe, stderr=pipe)
        async with asyncio.timeout(20):
            said, complained = await process.communicate(
                TEXT.replace(b"\n", b"\r\n") if program == "curl" else TEXT
            )
        if b"Cannot find module 'nodemailer'" in complained:
            pytest.skip("no nodemailer here")
        assert process.returncode == 0, (said, complained)
    (report,) = services.reports
    assert report.reason is not None
    assert (report.signal, report.reason.where) == ("success", "body")
    assert report.subject == "nightly"
    assert report.body is not None
    assert b"backup finished\r\n.\r\n..\r\n" in report.body or program == "node"


async def test_exim_closes_its_half_behind_the_last_command_and_is_answered() -> None:
    services = FakeIntake()
    check = services.add()
    async with listening(services) as (_, port), Client.connect(port) as client:
        client.write(f"MAIL FROM:<> SIZE=1000\r\nRCPT TO:<{address(check)}>\r\nDATA\r\n")
        assert [(await client.reply())[:3] for _ in range(3)] == ["250", "250", "354"]
        client.write(TEXT.replace(b"\n", b"\r\n").replace(b"\r\n.", b"\r\n..") + b".\r\nQUIT\r\n")
        client.writer.write_eof()
        assert [(await client.reply())[:3] for _ in range(3)] == ["250", "221", ""]
    assert len(services.reports) == 1
