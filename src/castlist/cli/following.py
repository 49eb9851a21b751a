"""Waiting for a video in sight: a live bar on a terminal, a line now and then elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from castlist.cli.printing import open_console, print_notice, shorten
from castlist.sdk._sync.videos import Video
from castlist.sdk.records import VideoRecord

STEP = 20
TITLE = 34


@contextmanager
def show_progress(title: str) -> Iterator[Callable[[VideoRecord], None]]:
    """A function to call with each newer view of a video."""
    if not sys.stderr.isatty():
        yield tell_steps(title)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(markup=False), TimeElapsedColumn())
    with Progress(*columns, console=open_console(errors=True)) as progress:
        task = progress.add_task(shorten(title, TITLE).ljust(TITLE), total=100)

        def update(video: VideoRecord) -> None:
            done = 100 if video.status == "completed" else video.progress
            words = shorten(video.waiting or title, TITLE).ljust(TITLE)
            progress.update(task, completed=done, description=words)

        yield update


def tell_steps(title: str) -> Callable[[VideoRecord], None]:
    """Print a line when the status changes or a fifth more is done."""
    last: tuple[str, int, str | None] | None = None

    def tell(video: VideoRecord) -> None:
        nonlocal last
        now = (video.status, video.progress // STEP, video.waiting)
        if now != last:
            last = now
            why = f" ({video.waiting})" if video.waiting else ""
            print_notice(f"{shorten(title, TITLE)}: {video.status} {video.progress} %{why}")

    return tell


def follow(video: Video, *, title: str) -> Video:
    """Wait for its end in sight. Raises VideoFailed."""
    with show_progress(title) as progress:
        return video.wait(progress=progress)
