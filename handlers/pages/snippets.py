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
Invoke-RestMethod -Uri "$url/start" -TimeoutSec 10 | Out-Null
& C:\\path\\to\\job.exe
Invoke-RestMethod -Uri "$url/$LASTEXITCODE" -TimeoutSec 10 | Out-Null"""


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
    return f"""[Service]
Type=oneshot
ExecStartPre=-{_CURL.replace("curl", "/usr/bin/curl")} {url}/start
ExecStart=/path/to/job
ExecStopPost=-/bin/sh -c '{_CURL} {url}/$EXIT_STATUS'"""


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
              command: ["/bin/sh", "-c", "/path/to/job; wget -q -T 10 -O /dev/null {url}/$?"]"""


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
