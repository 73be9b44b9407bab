"""`python -m holokai_neuron_sdk`."""

import sys

from holokai_neuron_sdk._cli import main

sys.exit(main())
