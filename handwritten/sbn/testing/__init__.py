"""The network as a sandbox: `wirewright serve sbn`, or `Sandbox("sbn")` in a test."""
