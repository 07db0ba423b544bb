"""What `make up` and the tests start on this machine: PostgreSQL, Valkey and the processes of the application."""
