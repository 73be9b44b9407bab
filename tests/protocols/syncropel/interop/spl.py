"""Stands in for the kernel's own program where the originals' live tests start one: `spl serve ... --port N`."""

import sys

from wirewright.cli import main

port = sys.argv[sys.argv.index("--port") + 1]
sys.argv = ["wirewright", "serve", "syncropel", "--port", port]
main()
