"""Runs in the peers' environment: one JSON call a line on standard input, one answer a line."""

import datetime
import json
import sys

import jwt
import requests
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureComponentResolver,
    HTTPSignatureKeyResolver,
    algorithms,
)
from standardwebhooks.webhooks import Webhook


class Keys(HTTPSignatureKeyResolver):
    def __init__(self, pem):
        self.pem = pem.encode()

    def resolve_private_key(self, key_id):
        return load_pem_private_key(self.pem, None)

    def resolve_public_key(self, key_id):
        return load_pem_public_key(self.pem)


def jwt_sign(claims, pem, algorithm):
    return jwt.encode(claims, pem, algorithm=algorithm)


def jwt_verify(token, pem, algorithm, audience):
    return jwt.decode(token, pem, algorithms=[algorithm], audience=audience)


def webhook_sign(secret, identifier, timestamp, body):
    return Webhook(secret).sign(identifier, datetime.datetime.fromtimestamp(timestamp, datetime.UTC), body)


def webhook_verify(secret, headers, body):
    return Webhook(secret).verify(body.encode(), headers)


def request_sign(pem, algorithm, method, url, headers, body, components):
    request = requests.Request(method, url, headers=headers, data=body).prepare()
    signer = HTTPMessageSigner(signature_algorithm=getattr(algorithms, algorithm), key_resolver=Keys(pem))
    signer.sign(request, key_id="k", covered_component_ids=components, body=body.encode())
    return dict(request.headers)


def request_verify(pem, algorithm, method, url, headers, body):
    request = requests.Request(method, url, headers=headers, data=body).prepare()
    verifier = HTTPMessageVerifier(
        signature_algorithm=getattr(algorithms, algorithm),
        key_resolver=Keys(pem),
        component_resolver_class=HTTPSignatureComponentResolver,
    )
    return [str(result.covered_components) for result in verifier.verify(request, body=body.encode())]


for line in sys.stdin:
    call = json.loads(line)
    try:
        answer = {"value": globals()[call["name"]](*call["args"])}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
