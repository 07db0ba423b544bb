"""What people and machines read afterwards about the work done here: log lines and traces, tied by ids."""
