"""What an organisation is called, and who among reporters is itself."""
