"""A second factor: an app is shown a secret, proves that it has it, and is asked from then on."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment import authenticator
from enrolment.commands.prove_password import Holder, NoAccount, prove_password
from enrolment.commands.sign_in import CodeRefused
from enrolment.staffing import Staffing
from enrolment.storage import staff, staff_codes
from enrolment.storage.staff_record import What, note, note_refusal
from mitra_shared.log import unit_of_work


class AlreadyOn(Exception):
    """Codes are asked for already."""


class NotBegun(Exception):
    """There is no secret to confirm."""


@dataclass(frozen=True, slots=True)
class NewSecret:
    """For the app, as text and as the address that a QR code shows."""

    secret: str
    address: str


async def show_secret(holder: Holder, password: str, staffing: Staffing, engine: AsyncEngine) -> NewSecret:
    """Make a secret; codes are asked for once it is confirmed.

    Raises:
        NoAccount, PasswordWrong, LockedOut, PasswordsBusy: as `prove_password`.
        AlreadyOn: switch it off first.
    """
    account = await prove_password(holder, password, staffing, engine)
    secret = authenticator.new_secret()
    async with unit_of_work(engine) as unit:
        again = await staff.find(unit.connection, account.id, for_update=True)
        if again is None or again.totp_is_on:
            raise AlreadyOn
        await staff_codes.keep_secret(unit.connection, account.id, staffing.seal_totp(secret, account.id))
    return NewSecret(secret, authenticator.address_of(secret, staffing.open_login(account) or account.id))


async def confirm_secret(holder: Holder, code: str, staffing: Staffing, engine: AsyncEngine) -> list[str]:
    """Switch codes on, and give the recovery codes, this one time.

    Raises:
        NoAccount: the caller has none that signs in.
        NotBegun: no secret was shown, or it is confirmed already.
        CodeRefused: the code is not of the secret; recorded.
    """
    codes = authenticator.new_recovery_codes()
    async with unit_of_work(engine) as unit:
        account = await staff.find(unit.connection, holder.staff, for_update=True)
        if account is None:
            raise NoAccount
        if account.totp is None or account.totp_is_on:
            raise NotBegun
        secret = staffing.open_totp(account.totp, account.id)
        step = authenticator.step_of(secret, code, holder.asked_at, after=account.totp_step)
        if step is None:
            await note_refusal(
                unit.connection,
                What.REFUSED_CODE,
                holder.asked_at,
                actor=account.id,
                staff=account.id,
                campaign=account.campaign,
            )
        else:
            hashes = [authenticator.recovery_hash(each, account.id, staffing.lookup) for each in codes]
            await staff_codes.confirm(unit.connection, account.id, step, hashes, holder.asked_at)
            await note(
                unit.connection,
                What.CODES_ON,
                holder.asked_at,
                actor=account.id,
                staff=account.id,
                campaign=account.campaign,
            )
    if step is None:
        raise CodeRefused
    return codes


async def switch_off(holder: Holder, password: str, staffing: Staffing, engine: AsyncEngine) -> None:
    """Ask for no codes any more. Again, it changes nothing.

    Raises:
        NoAccount, PasswordWrong, LockedOut, PasswordsBusy: as `prove_password`.
    """
    account = await prove_password(holder, password, staffing, engine)
    async with unit_of_work(engine) as unit:
        again = await staff.find(unit.connection, account.id, for_update=True)
        if again is None or again.totp is None:
            return
        await staff_codes.switch_off(unit.connection, account.id)
        await note(
            unit.connection,
            What.CODES_OFF,
            holder.asked_at,
            actor=account.id,
            staff=account.id,
            campaign=account.campaign,
        )
