"""Own and partner domains: which ones reports name, and which ones a person has said are theirs."""
