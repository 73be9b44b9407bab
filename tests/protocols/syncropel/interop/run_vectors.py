"""Runs in the original's environment: the original's canonical texts, pattern hashes and record ids of given values."""

import json
import sys

from syncropel import canonical_json, hash_levels, record_id, sha256_hex

questions = json.load(sys.stdin)
texts = [canonical_json(json.loads(text)) for text in questions["canonical"]]
levels = [hash_levels(act, json.loads(body)) for act, body in questions["levels"]]
answers = {
    "canonical": [[text, sha256_hex(text)] for text in texts],
    "levels": [[level.l0, level.l1, level.l2, level.l3] for level in levels],
    "records": [record_id(json.loads(wire)) for wire in questions["records"]],
}
json.dump(answers, sys.stdout)
