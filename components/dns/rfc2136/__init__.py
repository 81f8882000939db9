"""Records at a DNS server of one's own, by signed dynamic updates (RFC 2136, RFC 8945)."""
