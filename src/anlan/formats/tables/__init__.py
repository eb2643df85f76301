"""Tables of strangers read to typed cells with their addresses, and tables of ours written."""
