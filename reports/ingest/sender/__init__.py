"""Who sent a report mail: what a trusted server says of it, or what its own DKIM signature proves."""
