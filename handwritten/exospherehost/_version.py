"""The version of the SDK whose names and signatures this package carries."""

version = "0.0.3"
