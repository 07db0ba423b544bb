"""What goes when its time is over, what is held back, and what would go tonight."""
