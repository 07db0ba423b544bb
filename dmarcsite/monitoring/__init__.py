"""What machines ask about this installation: whether it can work (/readyz), and how it is doing (/metrics)."""
