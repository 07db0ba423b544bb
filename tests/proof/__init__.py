"""The proof: reports in, failing sources seen, exceptions decided, filters obeying, with every part real."""
