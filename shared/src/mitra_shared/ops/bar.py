"""One progress bar on stderr: of work that tells how far it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mitra_shared.ops.screen import progress

Show = Callable[[str, int, int], None]
"""Takes what is being done, how much of it is done, and how much there is."""


@contextmanager
def progress_bar(*, quiet: bool = False) -> Iterator[Show]:
    """A bar that is there while the work is; nothing where stderr is no terminal, or `quiet`."""
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    hidden = quiet or not progress.is_terminal
    with Progress(*columns, console=progress, transient=True, disable=hidden) as bar:
        task = bar.add_task("connecting", total=None)

        def show(doing: str, done: int, total: int) -> None:
            bar.update(task, description=doing, completed=done, total=total)

        yield show
