"""The Audit page: who changed what and when, in words."""
