"""The places where reports arrive: one contract for all kinds over real servers and files, and what only one kind has."""
