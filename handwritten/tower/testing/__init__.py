"""The Tower Agent API as a sandbox: `wirewright serve tower`, or `Sandbox("tower")` in a test."""
