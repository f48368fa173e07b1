"""The small API behind the real edge, and a client with a token."""

from collections.abc import AsyncIterator

import httpx
import pytest

from mitra_shared.http.app import Api
from mitra_shared.telemetry.metrics import ProcessMetrics
from tests.shared.http.small_api import Marked, bearer, make_api


@pytest.fixture
def marked() -> Marked:
    return Marked()


@pytest.fixture
def metrics() -> ProcessMetrics:
    return ProcessMetrics()


@pytest.fixture
def api(marked: Marked, metrics: ProcessMetrics) -> Api:
    return make_api(marked, metrics=metrics)


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=bearer()) as client:
        yield client
