"""Reports as appliances and tools write them, and keywords by which their owners would tell them apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hcserver.services.classification.examination import examine_inline, question
from tests.smtp.fakes import FakeIntake

CORPUS = Path(__file__).parent / "corpus"

SUBJECT = {"filter_subject": True}
BODY = {"filter_body": True}

TOOLS: dict[str, dict[str, Any]] = {
    "acronis": BODY | {"success_kw": "завершено успешно", "failure_kw": "с ошибкой"},
    "apc-ups": SUBJECT | {"success_kw": "Passed self-test", "failure_kw": "Failed self-test"},
    "bacula": SUBJECT | {"success_kw": "Backup OK", "failure_kw": "Error"},
    "buffalo": BODY | {"success_kw": "正常に終了", "failure_kw": "失敗"},
    "cron": BODY | {"success_kw": "total size is", "failure_kw": "rsync error"},
    "duplicati": SUBJECT | {"success_kw": "Success", "failure_kw": "Fatal,Error"},
    "mdadm": SUBJECT | {"success_kw": "RebuildFinished", "failure_kw": "Fail event,DegradedArray"},
    "oldscript": BODY | {"success_kw": "vollständig durchgelaufen", "failure_kw": "unvollständig"},
    "pfsense": BODY | {"success_kw": "Successfully backed up", "failure_kw": "error occurred"},
    "proxmox": SUBJECT | BODY | {"success_kw": "backup successful", "failure_kw": "backup failed,err"},
    "proxmox-backup-server": SUBJECT | BODY | {"success_kw": "successful", "failure_kw": "failed"},
    "qnap": BODY | {"success_kw": "Finished Backup job", "failure_kw": "Failed"},
    "restic": SUBJECT | {"success_kw": "exit 0", "filter_default_fail": True},
    "smartd": BODY | {"success_kw": "TEST EMAIL", "failure_kw": "pending,error (","kw_ignore_case": True},
    "synology": SUBJECT | BODY | {"success_kw": "erfolgreich abgeschlossen", "failure_kw": "fehlgeschlagen"},
    "truenas": BODY | {"success_kw": "finished", "failure_kw": "failed: cannot receive: destination"},
    "unattended-upgrades": SUBJECT | {"success_kw": "SUCCESS", "failure_kw": "FAILURE"},
    "vcenter": BODY | {"success_kw": "New Status: Green", "failure_kw": "New Status: Red"},
    "veeam": BODY | {"success_kw": "Success", "failure_kw": "error,failed", "kw_ignore_case": True},
    "windows-server-backup": BODY | {"success_kw": "erfolgreich", "failure_kw": "fehlgeschlagen"},
}  # fmt: skip


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize(("variant", "signal"), [("success", "success"), ("failure", "fail")])
def test_reports_are_told_apart_without_a_worker(
    tool: str, newline: bytes, variant: str, signal: str
) -> None:
    raw = (CORPUS / f"{tool}-{variant}.eml").read_bytes().replace(b"\n", newline)
    examination = examine_inline(raw, [question(FakeIntake().add(**TOOLS[tool]))], with_text=True)
    assert examination is not None
    assert examination.reasons[0].signal == signal, examination
    assert "\ufffd" not in f"{examination.subject}{examination.text}"


def test_every_report_of_the_corpus_is_tried() -> None:
    assert {path.stem.rpartition("-")[0] for path in CORPUS.glob("*.eml")} == set(TOOLS)
    assert len(TOOLS) >= 15
