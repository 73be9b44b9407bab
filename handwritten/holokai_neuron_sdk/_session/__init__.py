"""The session of a neuron as a machine that does no I/O.

`table` is the protocol: every state and what each event does to it. `machine` walks the tables, keeps the leases and
says what is to be done. `decoder` turns the bytes of the event stream into frames. Time, randomness and the network
belong to the driver, `holokai_neuron_sdk.neuron`.
"""
