"""What people paste into their jobs: the calls of one check's addresses, in their own schedule."""

from __future__ import annotations

from typing import Final, NamedTuple

from hcserver.domain.check import Check

_CURL: Final = "curl -fsS -m 10 --retry 5 -o /dev/null"
_CRON: Final = {3600: "0 * * * *", 86400: "0 3 * * *", 604800: "0 3 * * 1", 2592000: "0 3 1 * *"}


class Snippet(NamedTuple):
    """`name` is what it is for."""

    name: str
    text: str


def snippets(check: Check, ping_url: str) -> list[Snippet]:
    """Snippets for the usual ways to run jobs. `/path/to/job` stands for the job itself."""
    cron = cron_expression(check)
    return [
        Snippet("crontab", f"{cron} /path/to/job && {_CURL} {ping_url}"),
        Snippet("hcserver run", f"{cron} hcserver run --url {ping_url} -- /path/to/job"),
        Snippet("Shell", _shell(ping_url)),
        Snippet("PowerShell", _powershell(ping_url)),
        Snippet("Python", _python(ping_url)),
        Snippet("systemd", _systemd(ping_url)),
        Snippet("Kubernetes", _kubernetes(cron, check.tz, ping_url)),
        Snippet("GitHub Actions", _github(cron, ping_url)),
        Snippet("Docker", f"docker run --rm IMAGE; {_CURL} {ping_url}/$?"),
    ]


def cron_expression(check: Check) -> str:
    """The check's own schedule for cron; for other kinds one that is as often, if there is one."""
    if check.kind == "cron":
        return check.schedule
    if check.kind == "simple":
        minutes = check.timeout // 60
        if check.timeout in _CRON:
            return _CRON[check.timeout]
        if check.timeout % 60 == 0 and minutes < 60 and 60 % minutes == 0:
            return "* * * * *" if minutes == 1 else f"*/{minutes} * * * *"
        if check.timeout % 3600 == 0 and check.timeout < 86400 and 24 % (check.timeout // 3600) == 0:
            return f"0 */{check.timeout // 3600} * * *"
    return "0 3 * * *"


def _shell(url: str) -> str:
    return f"""#!/bin/sh
url={url}
{_CURL} "$url/start"
output=$(/path/to/job 2>&1)
status=$?
{_CURL} --data-raw "$output" "$url/$status"
exit $status"""


def _powershell(url: str) -> str:
    return f"""$url = "{url}"
Invoke-RestMethod -Method Post -Uri "$url/start" -TimeoutSec 10 | Out-Null
$global:LASTEXITCODE = 127
& C:\\path\\to\\job.exe
$status = $LASTEXITCODE
$signal = if ($status -in 0..255) {{ $status }} else {{ "fail" }}
Invoke-RestMethod -Method Post -Uri "$url/$signal" -TimeoutSec 10 | Out-Null
exit $status"""


def _python(url: str) -> str:
    return f"""import urllib.request

url = "{url}"

def report(signal=""):
    try:
        urllib.request.urlopen(url + signal, timeout=10)
    except OSError as error:
        print("can't report:", error)

report("/start")
try:
    run_the_job()
except Exception:
    report("/fail")
    raise
report()"""


def _systemd(url: str) -> str:
    # Of a job that a signal has ended, EXIT_STATUS is the signal's name; after a timeout it may be 0.
    return f"""[Service]
Type=oneshot
ExecStartPre=-{_CURL.replace("curl", "/usr/bin/curl")} {url}/start
ExecStart=/path/to/job
ExecStopPost=-/bin/sh -c 'case $SERVICE_RESULT:$EXIT_STATUS in \\
    success:*) s=0;; exit-code:[1-9]*) s=$EXIT_STATUS;; *) s=fail;; esac; \\
    {_CURL} {url}/$s'"""


def _kubernetes(cron: str, tz: str, url: str) -> str:
    return f"""apiVersion: batch/v1
kind: CronJob
metadata:
  name: job
spec:
  schedule: "{cron}"
  timeZone: "{tz}"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: job
              image: IMAGE
              command:
                - /bin/sh
                - -c
                - /path/to/job; s=$?; wget -q -T 10 -O /dev/null {url}/$s; exit $s"""


def _github(cron: str, url: str) -> str:
    return f"""on:
  schedule:
    - cron: "{cron}"
jobs:
  job:
    runs-on: ubuntu-latest
    steps:
      - run: /path/to/job
      - run: {_CURL} {url}
      - if: failure()
        run: {_CURL} {url}/fail"""
