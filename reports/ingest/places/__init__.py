"""The kinds of places where reports arrive, one small class each behind one protocol. None of them knows the ledger."""
