"""The runtime that every Wirewright client stands on."""
