"""Whose tokens count no longer, in every service.

Enrolment decides and appends it to the log `staff`; the other services keep it in tables of their own
(`tables`, `consuming`). The api processes of all three hold the answer in memory (`revocations`), kept fresh
by a look at their own database twice a second (`reading`, `mitra_shared.following`).
"""
