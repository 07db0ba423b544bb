"""Reads of report pages from a read replica, where DATABASE_READ_URL names one. Everything else reads the primary."""
