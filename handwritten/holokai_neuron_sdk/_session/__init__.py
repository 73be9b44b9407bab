"""The session of a neuron as a machine that does no I/O.

`table` is the protocol: every state and what each event does to it. `machine` is its face; `link` and `leases` walk the
tables. Bytes of the event stream become frames in `holokai_neuron_sdk.sse.SseReader` and `protocol.parse_server_json`,
which do no I/O either. Time, randomness and the network belong to the driver, `holokai_neuron_sdk.neuron`.
"""
