"""The processes of a stack of the flows, and where they listen."""

from mitra_shared.ops.embedded.process import free_port
from mitra_shared.ops.secrets import SecretFolder
from mitra_shared.ops.service_process import ServicePlan, environment
from mitra_shared.ops.stack_plan import StackPlan


def plans_of(stack: StackPlan, secrets: SecretFolder) -> list[ServicePlan]:
    """Every process, on ports that no demo nearby takes while one of them is down."""
    places = [
        (service, kind, number, free_port())
        for service, kind, count in stack.replicas()
        for number in range(1, count + 1)
    ]
    first = {f"{s}_url": f"http://127.0.0.1:{port}" for s, k, n, port in places if (k, n) == ("api", 1)}
    return [
        ServicePlan(
            service,
            kind,
            number,
            port,
            environment(
                secrets_dir=str(secrets.of_service(service)),
                host="127.0.0.1",
                port=str(port),
                public_url=first["certificates_url"],
                people_url=first["enrolment_url"],
                work_dir=str(secrets.path.parent / "work" / f"{service}-{kind}-{number}"),
                **first,
            ),
        )
        for service, kind, number, port in places
    ]
