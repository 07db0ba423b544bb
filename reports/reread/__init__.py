"""Reads messages again with the present reader, from the bytes in the ledger, and replaces what came of them."""
