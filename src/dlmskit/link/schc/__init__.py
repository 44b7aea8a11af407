"""Static context header compression and fragmentation (SCHC, RFC 8724) for DLMS in UDP in IPv6, as LPWANs carry it (RFC 9011)."""
