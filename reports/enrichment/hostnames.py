"""What counts as a host name. DNS answers with any bytes; only names that cannot do harm anywhere come through."""

from __future__ import annotations

import re

LENGTH = 253
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def to_hostname(text: str) -> str | None:
    """The name in lower case without its last dot; None unless letters, digits and hyphens alone (RFC 1123 section 2.1).

    A single label is no name of a host on the internet, and one that ends in digits would read as an address.
    """
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    is_name = len(name) <= LENGTH and len(labels) > 1 and not labels[-1].isdigit()
    return name if is_name and all(_LABEL.fullmatch(label) for label in labels) else None
