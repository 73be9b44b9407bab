"""What a spec lacks, inferred from recorded traffic.

`propose` compares a recording with a spec and answers proposals: operations, parameters, answers, members and values
that were seen and are not documented, and rules that what was seen breaks. Each is a sentence for people and a change
of the canonical document; `overlay_of` writes them as an OpenAPI Overlay.
"""

from wirewright.contract.infer.overlay import overlay_of
from wirewright.contract.infer.proposals import Proposal
from wirewright.contract.infer.propose import propose

__all__ = ["Proposal", "overlay_of", "propose"]
