"""Change one's password: every other device has to sign in again."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from enrolment.commands.prove_password import Holder, PasswordWrong, prove_password
from enrolment.domain.passwords import check_password
from enrolment.staffing import Staffing
from enrolment.storage import sessions, staff
from enrolment.storage.staff_log import tell_standing
from enrolment.storage.staff_record import What, note
from mitra_shared.log import unit_of_work


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Who changes it, from what to what."""

    holder: Holder
    current: str
    new: str


async def change_password(command: ChangePassword, staffing: Staffing, engine: AsyncEngine) -> None:
    """Change it.

    Raises:
        NoAccount: the caller has none that signs in.
        PasswordWrong: `current` is not the password.
        WeakPassword: `new` is not taken; says why.
        LockedOut: too many failures.
        PasswordsBusy: ask again in a moment.
        sqlalchemy.exc.DBAPIError: the database is away.
    """
    holder = command.holder
    account = await prove_password(holder, command.current, staffing, engine)
    check_password(command.new, staffing.open_login(account) or "")
    hashed = await staffing.passwords.hash(command.new)
    async with unit_of_work(engine) as unit:
        again = await staff.find(unit.connection, account.id, for_update=True)
        if again is None or again.password != account.password:
            raise PasswordWrong
        await staff.set_password(unit.connection, account.id, hashed, holder.asked_at)
        await sessions.end_all(
            unit.connection, account.id, holder.asked_at, "password changed", but=holder.session
        )
        await note(
            unit.connection,
            What.NEW_PASSWORD,
            holder.asked_at,
            actor=account.id,
            staff=account.id,
            campaign=account.campaign,
        )
        await tell_standing(unit, [account.id], holder.asked_at)
