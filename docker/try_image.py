"""Starts what `make image` has built: migrations, web and worker against real servers, until both answer.

The example mail host is not started, but Postfix and Rspamd must find nothing wrong with their configuration.

`python docker/try_image.py docker|podman|buildah`. The servers are the embedded ones, on sockets that the containers see.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dmarcsite.services.answer import IMAGE_PORT, is_healthy
from dmarcsite.services.embedded import embedded_services
from dmarcsite.services.places import Places
from dmarcsite.services.reach import reserved_port
from dmarcsite.services.tether import Child

IMAGE = "sekimori"
MAIL_IMAGE = "sekimori-mail"
ENTRYPOINTS = {IMAGE: "/opt/sekimori/docker/entrypoint", MAIL_IMAGE: "/usr/local/bin/entrypoint"}
PATIENCE_SECONDS = 120
# Where the containers see the sockets of the servers.
ENVIRONMENT = {
    "DATABASE_URL": "postgres://sekimori@%2Fservices/sekimori",
    "REDIS_URL": "unix:///services/valkey.sock?db=0",
    "SEKIMORI_ADMIN_EMAIL": "admin@example.com",
    "DEMO": "0",
}


def command_for(engine: str, *, image: str, mounts: list[str], stack: ExitStack) -> list[str]:
    """The words before what a container of the image runs. buildah knows no entrypoint, and runs in a working container."""
    variables = [part for name, value in ENVIRONMENT.items() for part in ("--env", f"{name}={value}")]
    volumes = [part for mount in mounts for part in ("--volume", mount)]
    if engine != "buildah":
        return [engine, "run", "--rm", "--network", "host", *variables, *volumes, image]
    container = subprocess.check_output(["buildah", "from", image], text=True).strip()
    stack.callback(subprocess.run, ["buildah", "rm", container], stdout=subprocess.DEVNULL, check=True)
    run = ["buildah", "run", "--isolation", "chroot", "--network", "host", *variables, *volumes, container]
    return [*run, ENTRYPOINTS[image]]


def wait_for(what: str, is_there: Callable[[], bool]) -> None:
    """Ask until it is there. Raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_there():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not answer within {PATIENCE_SECONDS} seconds")
        time.sleep(0.5)
    print(f"{what} answers")


def main(engine: str) -> None:
    with ExitStack() as stack:
        with reserved_port(IMAGE_PORT):
            pass  # free, or a sentence says that it is not
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sekimori-image-", dir="/tmp")))
        folder.chmod(0o755)
        places = Places(folder)
        stack.enter_context(embedded_services(places, durable=False))
        places.sockets.chmod(0o755)  # this folder alone, for the container's account, while it is tried
        for socket in places.sockets.iterdir():
            socket.chmod(0o777)
        data = folder / "data"
        data.mkdir()
        os.chown(data, 10001, 10001)
        mounts = [f"{places.sockets}:/services", f"{data}:/var/lib/sekimori"]
        command = command_for(engine, image=IMAGE, mounts=mounts, stack=stack)
        subprocess.run([*command, "prepare"], check=True)
        for role in ("web", "worker"):
            child = Child(role, [*command, role])
            stack.callback(child.stop)
        wait_for("web", lambda: is_healthy(port=IMAGE_PORT, host_header="127.0.0.1"))
        ping = [*command, "python", "-m", "celery", "--app", "dmarcsite", "inspect", "ping"]
        wait_for("worker", lambda: subprocess.run(ping, stdout=subprocess.DEVNULL, check=False).returncode == 0)
        mail_host = command_for(engine, image=MAIL_IMAGE, mounts=[], stack=stack)
        for check in (["rspamadm", "configtest"], ["env", "postfix", "check"]):
            subprocess.run([*mail_host, *check], check=True)
    print("the images work")


if __name__ == "__main__":
    main(sys.argv[1])
