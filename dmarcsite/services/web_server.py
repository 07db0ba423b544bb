"""gunicorn's settings (a configuration module, see `gunicorn --config python:…`). The address comes from the caller."""

from __future__ import annotations

wsgi_app = "dmarcsite.wsgi:application"
workers = 2
worker_class = "gthread"
# A filter node's long poll holds a thread for up to 25 seconds, and people must not wait behind it.
threads = 16
timeout = 120
graceful_timeout = 5
loglevel = "warning"
# Only a proxy on this machine may say what the visitor's address and scheme were.
forwarded_allow_ips = "127.0.0.1,::1"
control_socket_disable = True
