"""What parsedmarc (8 to 11) has collected, taken over: its JSON files, its PostgreSQL tables, the reports in them."""
