"""A command line over flat calls, said as a table: what each command is called, takes and shows.

A spec carries the table (`x-tables`, see specs/README.md), so the command line is generated with the calls:

    reality:
      help: Facts, evidence and reviews.
      commands:
        facts list:
          call: reality.list_facts
          takes: --entity --state --limit
          rows: fact_id=fact_id|id state trust_score:.4f created_at
          at: items|facts
          quiet: fact_id|id
          said: "{count} facts"

`call` is a method of one of the client's areas, or `module:function` for what needs more than one call; `by` is a
function that is run instead, with the call's arguments. `as` names another command that this one is like, its own keys
win; a group may be the `same` as another. `client` says which client is opened, `asks` what is asked before, `fixed`
are arguments that nobody chooses, `help` stands for the call's own. Types, defaults and help of what a command takes
are those of the call. How `takes` is written: `takes`. How answers are shown: `views`. Apps: `program.Program`.
"""
