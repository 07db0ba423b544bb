"""What keeps an installation from being lost: backups of the database, and the keys without which parts of one are dead."""
