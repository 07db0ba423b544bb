"""Owns the DNS of the test world: whose mail comes from where and what each domain publishes; starts no server.

Own side:  example.com (reject), monitor.example.com below it, none.example (none), norecord.example (nothing).
Others:    example.net (none; a vendor), example.org (reject; a partner), quarantine.example (quarantine),
           sampled.example (reject, pct=0), parent.example (none, sp=reject).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from tests.mailhost.dkim_keys import DkimKey, txt

OWN_SOURCE = "192.0.2.10"
VENDOR_SOURCE = "198.51.100.25"
OTHER_VENDOR_SOURCE = "198.51.100.77"
PARTNER_SOURCE = "203.0.113.5"
VENDOR_SOURCE_V6 = "2001:db8:25::1"
STRANGER_SOURCE = "203.0.113.200"
STRANGER_SOURCE_V6 = "2001:db8:99::1"

NAMES = {
    OWN_SOURCE: "mail.example.com",
    VENDOR_SOURCE: "out1.example.net",
    OTHER_VENDOR_SOURCE: "out2.example.net",
    PARTNER_SOURCE: "mail.example.org",
    VENDOR_SOURCE_V6: "out6.example.net",
}
SIGNERS = ("example.com", "example.net", "example.org")

_SPF = {
    "example.com": f"v=spf1 ip4:{OWN_SOURCE} -all",
    "none.example": f"v=spf1 ip4:{OWN_SOURCE} -all",
    "norecord.example": f"v=spf1 ip4:{OWN_SOURCE} -all",
    "example.net": "v=spf1 ip4:198.51.100.0/24 ip6:2001:db8:25::/48 -all",
    "example.org": f"v=spf1 ip4:{PARTNER_SOURCE} -all",
}
_DMARC = {
    "example.com": "v=DMARC1; p=reject",
    "example.net": "v=DMARC1; p=none",
    "example.org": "v=DMARC1; p=reject",
    "none.example": "v=DMARC1; p=none",
    "quarantine.example": "v=DMARC1; p=quarantine",
    "sampled.example": "v=DMARC1; p=reject; pct=0",
    "parent.example": "v=DMARC1; p=none; sp=reject",
}


def records(keys: Iterable[DkimKey]) -> list[str]:
    """Return every record of the test world in zone-file form."""
    lines = [txt(domain, value) for domain, value in _SPF.items()]
    lines += [txt(f"_dmarc.{domain}", value) for domain, value in _DMARC.items()]
    lines += [key.record() for key in keys]
    lines += ["example.com 300 IN MX 10 mx.example.com", "mx.example.com 300 IN A 203.0.113.9"]
    for address, name in NAMES.items():
        ip = ipaddress.ip_address(address)
        lines.append(f"{name} 300 IN {'A' if ip.version == 4 else 'AAAA'} {address}")
        lines.append(f"{ip.reverse_pointer} 300 IN PTR {name}")
    return lines
