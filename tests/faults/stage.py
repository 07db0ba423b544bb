"""Owns the real servers of one lane: PostgreSQL on a small disk of its own, Valkey and Dovecot; each can be hurt and healed."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import psycopg
import redis
from psycopg import sql

from dmarcsite.services import postgres, valkey
from dmarcsite.services.account import private_folder, services_account
from dmarcsite.services.places import DATABASE_USER, Places
from dmarcsite.services.tether import Child
from tests.faults import disk
from tests.faults.bucket import Store
from tests.mailhost.dovecot import Dovecot

# Rings of waiting sessions are found at once; the small disk holds little write-ahead log.
NO_MOVE = "imap_capability = IMAP4rev1 SASL-IR LITERAL+ NAMESPACE UIDPLUS IDLE"
SETTINGS = {"deadlock_timeout": "40ms", "max_wal_size": "64MB", "min_wal_size": "32MB", "max_connections": "60"}


class Stage:
    """The servers of a lane with their data under `var`, a disk of its own, and `mail`; Maildirs lie there too."""

    EMPTY = "empty"
    """The database that others are copied from; made by whoever has made the tables."""

    def __init__(self, var: Path, *, mail: Path) -> None:
        self.var = var
        self.places = Places(var)
        self._account = services_account()
        self._lock = os.open(var / "lock.services", os.O_CREAT | os.O_RDWR)
        private_folder(self.places.sockets, account=self._account)
        for name in ("new", "old", "maildirs"):
            (mail / name).mkdir(mode=0o711)
        self.maildirs = mail / "maildirs"
        self.dovecot, self.old_dovecot = Dovecot(mail / "new"), Dovecot(mail / "old", more=NO_MOVE)
        self.postgres: Child | None = None
        self.valkey: Child | None = None
        self._store: Store | None = None

    def start(self) -> None:
        """Start everything, with a PostgreSQL that keeps what it has promised."""
        self.start_postgres()
        with psycopg.connect(self._dsn, autocommit=True) as session:
            for name, value in SETTINGS.items():
                session.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), value))
        self.crash_postgres()
        self.start_postgres()
        self.start_valkey()
        self.dovecot.start()
        self.old_dovecot.start()

    def stop(self) -> None:
        """End everything."""
        self.dovecot.stop()
        self.old_dovecot.stop()
        for child in (self.valkey, self.postgres):
            if child is not None:
                child.stop()
        if self._store is not None:
            self._store.stop()
        os.close(self._lock)

    @property
    def store(self) -> Store:
        """The bucket, started with its first use."""
        self._store = self._store or Store()
        return self._store

    def start_postgres(self) -> None:
        """Start PostgreSQL where it does not run: it replays its log as after a power cut."""
        if self.postgres is None or self.postgres.ended() is not None:
            self.postgres = postgres.start(self.places, account=self._account, lock=self._lock)

    def crash_postgres(self) -> None:
        """Immediate shutdown: every session is cut, nothing is written down."""
        if self.postgres is not None and self.postgres.ended() is None:
            os.kill(self.postgres.pid, signal.SIGQUIT)
            self.postgres.wait()

    def start_valkey(self) -> None:
        """Start an empty Valkey."""
        self.valkey = valkey.start(self.places, account=self._account, lock=self._lock)

    def crash_valkey(self) -> None:
        """End Valkey by SIGKILL; what was in its queues is gone."""
        if self.valkey is not None:
            os.kill(self.valkey.pid, signal.SIGKILL)
            self.valkey.wait()
            shutil.rmtree(self.places.valkey)

    def empty_valkey(self) -> None:
        """Empty Valkey's queues while it runs."""
        with redis.Redis.from_url(self.places.redis_url) as client:
            client.flushall()

    def fill_disk(self, *, leave: int) -> None:
        """Leave so many bytes free on PostgreSQL's disk."""
        disk.fill(self.var, leave=leave)

    def free_disk(self) -> None:
        """Give the room back, and start PostgreSQL where the full disk has ended it."""
        disk.empty(self.var)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            self.start_postgres()
            try:
                psycopg.connect(self._dsn).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return

    def copy_database(self, name: str, *, of: str) -> None:
        """Make a database that is a copy of another one, to which nobody is connected."""
        with psycopg.connect(self._dsn, autocommit=True) as session:
            session.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(of)))

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected."""
        with psycopg.connect(self._dsn, autocommit=True) as session:
            session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    @property
    def _dsn(self) -> str:
        return f"host={self.places.sockets} user={DATABASE_USER} dbname=postgres"
