"""The `sbn` command line. Plain commands are rows of tables; their options come from the calls they make."""
