"""`make bench-folder`: a first visit to a huge IMAP folder on a real server, with a stop in the middle.

python -m tests.folder [--mails N] [--stop-after N]

Prints a JSON line for each 10,000 mails (seconds, memory) and one at the end; fails where a mail was lost, or counted twice.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.database import own_database
from tests.mailhost.dovecot import Dovecot
from tests.mailhost.host import short_directory
from tests.mailhost.programs import program, require_root
from tests.reports.samples import BEGIN, END, METADATA, aggregate_xml, record_xml

ROOT = Path(__file__).resolve().parents[2]
USER, PASSWORD = "folder", "password"
DAYS, SOURCES = 90, 250
_HEAD = (
    b"From: Receiver <noreply@receiver.example>\nTo: reports@example.com\nSubject: Report Domain: example.com Submitter: "
    b"receiver.example Report-ID: <%d>\nMessage-ID: <%d@receiver.example>\nDate: Tue, 14 Nov 2023 22:13:20 +0000\n"
    b'MIME-Version: 1.0\nContent-Type: text/xml; name="r.xml"\n\n'
)


def main() -> int:
    """0 where every mail was read once and acknowledged."""
    asked = _arguments()
    require_root()
    program("dovecot")
    with short_directory() as directory:
        (directory / "mailhost").mkdir(mode=0o711)
        dovecot = Dovecot(directory / "mailhost")
        dovecot.start()
        try:
            dovecot.add_user(USER, password=PASSWORD)
            _say(
                step="filled",
                mails=asked.mails,
                seconds=_fill(directory / "mailhost" / "mail" / USER, count=asked.mails),
            )
            with own_database(directory / "var") as database:
                environment = database.fresh("folder") | {
                    "DJANGO_SETTINGS_MODULE": "dmarcsite.settings",
                    "SEKIMORI_OUTGOING_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
                }
                place = [str(dovecot.imaps_port), dovecot.ca_file, USER, PASSWORD]
                ends = [_visit(place, environment, stop_after=stop) for stop in (asked.stop_after, 0)]
                return int(ends != [-signal.SIGKILL, 0])
        finally:
            dovecot.stop()


def _fill(maildir: Path, *, count: int) -> float:
    """Put mails there as a delivery agent does, and hand them to the server's account."""
    began, owner = time.monotonic(), pwd.getpwnam("nobody")
    (maildir / "new").mkdir(parents=True, exist_ok=True)
    for number in range(count):
        file = maildir / "new" / f"17000{number:07}.M1P1.mx.example.com"
        file.write_bytes(_mail(number, days_ago=DAYS - 1 - number * DAYS // count))
        os.chown(file, owner.pw_uid, owner.pw_gid)
    for folder in (maildir, *maildir.iterdir()):
        shutil.chown(folder, owner.pw_uid, owner.pw_gid)
    return round(time.monotonic() - began, 1)


def _mail(number: int, *, days_ago: int) -> bytes:
    """A report of one row; each is another one."""
    begin = BEGIN - days_ago * 86_400
    period = ((f"<begin>{BEGIN}", f"<begin>{begin}"), (f"<end>{END}", f"<end>{begin + END - BEGIN}"))
    metadata = METADATA.replace(">r-1<", f">r-{number}<")
    for old, new in period:
        metadata = metadata.replace(old, new)
    record = record_xml(
        source_ip=f"<source_ip>192.0.2.{number % SOURCES}</source_ip>", count=f"<count>{1 + number % 7}</count>"
    )
    xml = aggregate_xml(record, metadata=metadata).encode()
    return _HEAD % (number, number) + xml


def _visit(place: list[str | Path], environment: dict[str, str], *, stop_after: int) -> int:
    command = [sys.executable, "-m", "tests.folder.visiting", *place, str(stop_after)]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def _say(**values: object) -> None:
    print(json.dumps(values), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=200_000)
    parser.add_argument("--stop-after", type=int, default=75_000)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
