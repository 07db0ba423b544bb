"""What only IMAP has moves into Mailbox.settings; UIDVALIDITY and UID become an epoch and a key of any kind of place."""

from django.db import migrations, models

INTO_SETTINGS = """
UPDATE reports_mailbox SET settings = jsonb_build_object(
    'host', host, 'port', port, 'tls', tls, 'username', username, 'folder', folder, 'ca_certificate', ca_certificate);
"""
INTO_KEYS = """
UPDATE reports_message SET epoch = uid_validity::text, key = uid::text WHERE uid IS NOT NULL AND uid_validity IS NOT NULL;
"""
CHANNELS = [
    "imap", "maildir", "mbox", "folder", "s3", "graph", "gmail", "upload", "file", "api", "pipe", "lmtp", "demo",
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0007_unread_messages_are_claimed"),
    ]

    operations = [
        migrations.AddField("mailbox", "kind", models.CharField(max_length=10, default="imap", db_default="imap")),
        migrations.AddField("mailbox", "settings", models.JSONField(default=dict, blank=True)),
        migrations.RunSQL(INTO_SETTINGS, elidable=True),
        *[
            migrations.RemoveField("mailbox", name)
            for name in ("host", "port", "tls", "username", "folder", "ca_certificate")
        ],
        migrations.AddField("message", "epoch", models.CharField(max_length=64, blank=True, default="", db_default="")),
        migrations.AddField("message", "key", models.CharField(max_length=1200, blank=True, default="", db_default="")),
        migrations.RunSQL(INTO_KEYS, elidable=True),
        migrations.RemoveConstraint("message", "message_once_per_uid"),
        migrations.RemoveField("message", "uid_validity"),
        migrations.RemoveField("message", "uid"),
        migrations.AddConstraint(
            "message",
            models.UniqueConstraint(
                fields=["mailbox", "folder", "epoch", "key"],
                condition=models.Q(mailbox__isnull=False),
                name="message_once_per_key",
            ),
        ),
        migrations.AlterField(
            "message", "channel", models.CharField(max_length=10, choices=[(name, name) for name in CHANNELS])
        ),
    ]
