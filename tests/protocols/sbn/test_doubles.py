"""What users' tests do to the SDK: mocks made from its classes, methods replaced, httpx mocked with respx."""

from __future__ import annotations

from unittest import mock

import httpx
import pytest
import respx
from sbn import AsyncSbnClient, GatewayClient, SbnClient, SbnTransportError, SlotSession
from sbn._http import RetryConfig
from sbn_gateway import SbnGatewayClient

URL = "https://network.test"


@pytest.mark.parametrize("kind", [GatewayClient, SbnGatewayClient])
def test_a_mock_made_from_a_client_knows_its_methods(kind: type) -> None:
    double = mock.create_autospec(kind, instance=True)

    assert double.close_slot("s") is double.close_slot.return_value
    with pytest.raises(TypeError):
        double.close_slot()


def test_a_mock_made_from_a_session_pulses() -> None:
    double = mock.create_autospec(SlotSession, instance=True)

    double.pulse("picked_up", score=0.9)

    double.pulse.assert_called_once_with("picked_up", score=0.9)


def test_a_method_can_be_replaced() -> None:
    with mock.patch.object(GatewayClient, "close_slot", return_value="closed"), SbnClient(base_url=URL) as client:
        assert client.gateway.close_slot("s") == "closed"
    with mock.patch.object(SbnGatewayClient, "close_slot", return_value="closed"):
        assert SbnGatewayClient(base_url=URL).close_slot("s") == "closed"


@respx.mock
async def test_respx_answers() -> None:
    respx.get(f"{URL}/flags").mock(return_value=httpx.Response(200, json={"on": True}))

    with SbnClient(base_url=URL) as client:
        assert client.gateway.list_flags() == {"on": True}
    async with AsyncSbnClient(base_url=URL) as client_async:
        assert await client_async.gateway.list_flags() == {"on": True}


@respx.mock
def test_errors_of_respx_are_transport_errors() -> None:
    respx.get(f"{URL}/flags").mock(side_effect=httpx.ConnectError("down"))

    with SbnClient(base_url=URL, retry=RetryConfig(attempts=1)) as client, pytest.raises(SbnTransportError):
        client.gateway.list_flags()
