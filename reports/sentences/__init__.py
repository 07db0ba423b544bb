"""Codes in words, in the language of the request. Reads nothing and decides nothing."""

from __future__ import annotations
