"""Two neurons to read and to run.

    BIGBRAIN_GATEWAY_URL=http://127.0.0.1:8080 BIGBRAIN_NEURON_ID=my-neuron-1 BIGBRAIN_TOKEN=t \\
        python -m holokai_neuron_sdk.examples.http_fetch      # or web_search
"""
