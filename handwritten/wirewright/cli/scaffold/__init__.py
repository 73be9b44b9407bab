"""What a new protocol starts from: one small protocol, whole, with its names left open."""
