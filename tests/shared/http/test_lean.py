import json

import httpx

from mitra_shared.http.app import Api


async def test_a_lean_route_is_in_the_document_like_any_other(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    operation = document["paths"]["/v1/enrolments"]["post"]
    body = operation["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/Person"}
    assert body["examples"]["usual"]["value"]["name"] == "Asha"
    assert document["components"]["schemas"]["Person"]["properties"]["phone"]
    created = operation["responses"]["201"]["content"]["application/json"]
    assert created["schema"] == {"$ref": "#/components/schemas/Enrolled"}
    assert operation["security"] == [{"bearer": []}]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["Idempotency-Key"]
    assert operation["description"] == "Enrol in a lean way."
    assert "security" not in document["paths"]["/v1/opinions"]["post"]


async def test_every_error_in_the_document_is_a_problem(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert "HTTPValidationError" not in json.dumps(document)
    assert document["components"]["schemas"]["Problem"]["required"] == ["type", "title", "status", "detail"]
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert "422" in operation["responses"], path
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"]


async def test_operation_ids_are_distinct(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    ids = [
        operation["operationId"] for methods in document["paths"].values() for operation in methods.values()
    ]
    assert len(ids) == len(set(ids))


async def test_a_lean_route_with_a_parameter_goes_through_the_router(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/people/4/withdrawal", json={"name": "Asha", "phone": "+919812345678"})
    assert answer.status_code == 201
    wrong = await client.post("/v1/people/4/withdrawal", json={})
    assert wrong.json()["type"] == "urn:mitra:problem:invalid-request"


async def test_the_public_keys_are_published(client: httpx.AsyncClient, api: Api) -> None:
    answer = await client.get("/.well-known/jwks.json")
    assert answer.json() == json.loads(api.state.tokens.jwks_json)
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert all("d" not in key for key in answer.json()["keys"])
    told = (await client.get("/openapi.json")).json()["paths"]["/.well-known/jwks.json"]["get"]
    assert "security" not in told
    assert "application/jwk-set+json" in told["responses"]["200"]["content"]


async def test_probes_and_pages_of_third_parties_are_not_in_the_document(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert not {"/health", "/ready", "/metrics"} & document["paths"].keys()
    assert (await client.get("/docs")).status_code == 404
