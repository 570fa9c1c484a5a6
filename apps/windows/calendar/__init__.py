"""Windows as calendar entries (RFC 5545), for feeds and single files, and for what is sent."""
