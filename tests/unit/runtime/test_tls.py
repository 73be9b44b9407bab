"""TLS and tunnels: certificates are checked, contexts can be given, proxies are passed through with CONNECT."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from wirewright import AsyncClient, Client, ConnectError, PoolOptions, Request, TransportError

pytest.importorskip("cryptography")

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"id":"a"}'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def listen() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    listeners: list[socket.socket] = []

    def start(serve: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def guarded(sock: socket.socket) -> None:
            try:
                serve(sock)
            except OSError:
                sock.close()

        def accept() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=guarded, args=(sock,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.close()


@pytest.fixture
def https(certificate: Path, listen: Any) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as secure:
            while secure.recv(65536):
                secure.sendall(OK)

    return f"https://127.0.0.1:{listen(serve)}"


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


@pytest.fixture(params=["sync", "async"])
def send(request: pytest.FixtureRequest, make: Any) -> Callable[..., Any]:
    def sync(url: str, **options: Any) -> Any:
        with Client(url, retry=None, **options) as client:
            return [client.send(Request(make())).id for _ in range(2)]

    def run(url: str, **options: Any) -> Any:
        async def calls() -> list[str]:
            async with AsyncClient(url, retry=None, **options) as client:
                return [(await client.send(Request(make()))).id for _ in range(2)]

        return asyncio.run(calls())

    return sync if request.param == "sync" else run


def test_a_certificate_that_nobody_vouches_for_is_refused(send, https):
    with pytest.raises(ConnectError, match="certificate verify failed"):
        send(https)


def test_a_context_of_ones_own(send, https, certificate):
    assert send(https, transport=PoolOptions(verify=trusting(certificate))) == ["a", "a"]


def test_certificates_from_the_environment(send, https, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert send(https) == ["a", "a"]


def test_a_client_shows_its_certificate_where_the_server_asks_for_one(send, listen, certificate):
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    asking.load_cert_chain(certificate)
    asking.load_verify_locations(certificate)
    asking.verify_mode = ssl.CERT_REQUIRED

    def serve(sock: socket.socket) -> None:
        with asking.wrap_socket(sock, server_side=True) as secure:
            while secure.recv(65536):
                secure.sendall(OK)

    url = f"https://127.0.0.1:{listen(serve)}"
    nameless, named = trusting(certificate), trusting(certificate)
    named.load_cert_chain(certificate)

    assert send(url, transport=PoolOptions(verify=named)) == ["a", "a"]
    with pytest.raises(TransportError):
        send(url, transport=PoolOptions(verify=nameless))


@pytest.fixture
def http2(certificate: Path, listen: Any) -> str:
    """A server that speaks HTTP/2 and nothing else, and answers each request."""
    pytest.importorskip("h2")
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.events import RequestReceived

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2"])

    def serve(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as secure:
            assert secure.selected_alpn_protocol() == "h2"
            connection = H2Connection(H2Configuration(client_side=False))
            connection.initiate_connection()
            secure.sendall(connection.data_to_send())
            while data := secure.recv(65536):
                for event in connection.receive_data(data):
                    if isinstance(event, RequestReceived):
                        connection.send_headers(
                            event.stream_id, [(":status", "200"), ("content-type", "application/json")]
                        )
                        connection.send_data(event.stream_id, b'{"id":"a"}', end_stream=True)
                secure.sendall(connection.data_to_send())

    return f"https://127.0.0.1:{listen(serve)}"


def test_http2_is_spoken_where_it_is_asked_for_and_offered(send, http2, https, certificate):
    options = PoolOptions(http2=True, verify=trusting(certificate))
    assert send(http2, transport=options) == ["a", "a"]
    assert send(https, transport=options) == ["a", "a"]


def test_http2_without_its_library_says_what_to_install(send, monkeypatch):
    monkeypatch.setitem(sys.modules, "h2", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'wirewright\[http2\]'"):
        send("https://x.example", transport=PoolOptions(http2=True))


def test_certificates_that_are_not_there_are_a_connect_error(send, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    with pytest.raises(ConnectError, match="certificates that are configured cannot be read: No such file"):
        send("https://127.0.0.1:1")


@pytest.mark.promise("Credentials are never shown: not in a repr, an error or a log")
@pytest.mark.parametrize(
    "proxy",
    [
        "gopher://me:s3cret@x.example",
        "http://me:s3cret@127.0.0.1:1",
        "http://me:s3cret@127.0.0.1:99999",
        "http://me:s3cret@:::",
        "http://me:s3cret/@x.example",
    ],
)
def test_a_proxy_that_cannot_be_used_is_a_connect_error_that_keeps_its_secrets(send, monkeypatch, proxy):
    monkeypatch.setenv("HTTP_PROXY", proxy)
    for options in ({}, {"transport": PoolOptions(proxy=proxy)}):
        with pytest.raises(ConnectError) as caught:
            send("http://x.example", **options)
        assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in repr(PoolOptions(proxy=proxy))


def test_plain_http_to_a_tls_port_is_a_transport_error(send, https):
    with pytest.raises(TransportError):
        send(https.replace("https", "http"))


def test_tls_to_a_plain_port_is_a_connect_error(send, listen):
    port = listen(lambda sock: sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    with pytest.raises(ConnectError):
        send(f"https://127.0.0.1:{port}")


def test_a_proxy_is_tunnelled_through(send, https, certificate, listen):
    seen: list[bytes] = []

    def tunnel(sock: socket.socket) -> None:
        seen.append(sock.recv(65536))
        target = socket.create_connection(("127.0.0.1", int(https.rpartition(":")[2])))
        sock.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")

        def copy(source: socket.socket, sink: socket.socket) -> None:
            with suppress(OSError):  # the other direction has closed it
                while data := source.recv(65536):
                    sink.sendall(data)
            sink.close()

        threading.Thread(target=copy, args=(target, sock), daemon=True).start()
        copy(sock, target)

    proxy = f"http://user:pass@127.0.0.1:{listen(tunnel)}"
    options = PoolOptions(verify=trusting(certificate), proxy=proxy)
    assert send(https, transport=options) == ["a", "a"]
    assert seen[0].startswith(f"CONNECT {https.removeprefix('https://')}".encode())
    assert b"dXNlcjpwYXNz" in seen[0]
    assert len(seen) == 1
