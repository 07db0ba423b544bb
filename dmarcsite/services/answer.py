"""Asks a web server on this machine whether it is well. Also the health check of the container image."""

from __future__ import annotations

import http.client
import sys
from http import HTTPStatus
from urllib.parse import urlsplit

from django.conf import settings

HOST = "127.0.0.1"
IMAGE_PORT = 8000


def is_healthy(*, port: int, host_header: str) -> bool:
    """True when /healthz answers 200, which it does while the web server reaches its database."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": host_header})
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not is_healthy(port=IMAGE_PORT, host_header=urlsplit(settings.BASE_URL).netloc))
