"""The right name on a certificate, whoever finds the wrong one: the quota desk, or the person."""

from certificates.domain.certificate import Cause, Certificate, State
from certificates.domain.events import CertificateCorrected
from certificates.domain.happenings import Corrected


def put_right(certificate: Certificate, corrected: Corrected) -> list[CertificateCorrected]:
    """Take over what was corrected of the holder of a valid or waiting certificate.

    What was issued keeps its language with its name: it is on paper, and can be had in any language.
    """
    number = certificate.serial if certificate.state is State.ISSUED else None
    if number is not None and not corrected.name_changed:
        return []
    certificate.language = corrected.language or certificate.language
    if number is not None:
        return [correct_issued(certificate, number, corrected.holder_name, corrected.cause)]
    certificate.holder_name = corrected.holder_name or certificate.holder_name
    return []


def correct_issued(
    certificate: Certificate, serial: int, holder_name: str | None, cause: Cause
) -> CertificateCorrected:
    """Give an issued certificate another name: a new revision in the same place, under the same `serial`.

    `holder_name` is sealed; None where it was forgotten since, as a replay may find it.
    """
    certificate.revision += 1
    certificate.holder_name = holder_name or certificate.holder_name
    return CertificateCorrected(
        certificate.id,
        certificate.mitra_id,
        certificate.campaign,
        certificate.constituency,
        certificate.segment,
        cause,
        serial,
        certificate.revision,
    )
