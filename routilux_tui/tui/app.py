"""The dashboard's application: themes, screens, how it is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

# Textual looks so many times a second whether there is something to paint, and a key waits for
# the next look; how many frames there are is a `PacedScreen`'s business.
os.environ.setdefault("TEXTUAL_FPS", "240")

from textual.app import SystemCommand
from textual.binding import Binding
from textual.events import Event, Key, Resize
from textual.screen import Screen
from textual.worker import WorkerFailed

from routilux_tui.errors import RoutiluxTuiError
from routilux_tui.runner.paths import make_private, state_folder
from routilux_tui.tui.actions import remapped
from routilux_tui.tui.screens.palette import Palette
from routilux_tui.tui.settings import Settings
from routilux_tui.tui.terminal import clipboard, link, notices
from routilux_tui.tui.terminal.driver import TerminalDriver, restore
from routilux_tui.tui.terminal.filters import AsciiOnly, WithoutColour
from routilux_tui.tui.terminal.frames import Frame, Frames
from routilux_tui.tui.terminal.signals import ENDING, end_at_once
from routilux_tui.tui.theme import DARK, LIGHT
from routilux_tui.tui.typeahead import TypeAhead
from routilux_tui.views.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.driver import Driver
    from textual.geometry import Offset

    from routilux_tui.sources.base import Handle, Source
    from routilux_tui.tui.actions import Action
    from routilux_tui.views.shapes import Header, LastAlert


def styles_folder() -> Path:
    """The folder of the styles: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent.parent / "styles"
    return inside if inside.is_dir() else inside.parent.parent / "styles"


class Exit(NamedTuple):
    """How the dashboard was left: the exit code, and the live job that it was on.

    ``silent`` says that the job did not answer any more; ``place`` and ``file`` are its handle's.
    """

    code: int = 0
    job: Header | None = None
    silent: bool = False
    place: str = ""
    file: str = ""
    report: Path | None = None
    error: str = ""


class Dashboard(TypeAhead):
    """The dashboard, on one job or on a list of them.

    Args:
        settings: how it looks and behaves.
        handle: the job to open at once.
        source: where the list of jobs comes from.
        make_source: makes it when the list is wanted, where the dashboard was opened on one job.
        driver: what draws, and reads keys.
    """

    CSS_PATH: ClassVar = sorted(styles_folder().glob("*.tcss"))
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar = [Binding("ctrl+z", "suspend_process", "stop", show=False, priority=True)]
    TITLE = "routilux-tui"

    def __init__(
        self,
        settings: Settings | None = None,
        handle: Handle | None = None,
        source: Source | None = None,
        make_source: Callable[[], Source] | None = None,
        driver: type[Driver] = TerminalDriver,
    ) -> None:
        super().__init__(driver_class=driver)
        self._make_source = make_source
        self.settings = settings or Settings()
        self._read_only = self.settings.read_only
        self._handle = handle
        self._source = source
        self.left: Exit | None = None
        self._frames = Frames()
        #: Where the terminal's cursor was left.
        self._cursor_shown: Offset | None = None
        #: How often people were told of each job, as far as they were told here.
        self._alert_counts: dict[str, int] = {}
        if not self.settings.colour:
            self._filters.insert(0, WithoutColour())
        if self.settings.ascii:
            self._filters.append(AsciiOnly())
        if self.settings.keymap:
            self.set_keymap(self.settings.keymap)
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = LIGHT.name if self.settings.theme == "light" else DARK.name

    @property
    def read_only(self) -> bool:
        """Whether no control is asked for from here; setting it is in vain where it stays so."""
        return self._read_only or self.settings.stays_read_only

    @read_only.setter
    def read_only(self, on: bool) -> None:
        self._read_only = on

    def kept_from(self, actions: Iterable[str]) -> dict[str, str]:
        """Those of the actions that are not asked for from here -> why."""
        if self.settings.stays_read_only:
            return dict.fromkeys(actions, "this dashboard only looks")
        return dict.fromkeys(actions, "read-only (ctrl+o)") if self.read_only else {}

    def get_default_screen(self) -> Screen[Any]:
        """The list of jobs, or nothing under the one job."""
        return Screen(id="_default")

    async def on_mount(self) -> None:
        """Take the signals that end a program, and show the first screen."""
        loop = asyncio.get_running_loop()
        for number in ENDING:
            with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
                loop.add_signal_handler(number, self._signalled, number)
        if self._source is not None:
            from routilux_tui.tui.screens.jobs import JobsScreen

            await self.push_screen(JobsScreen(self._source))
        if self._handle is not None:
            await self.show_job(self._handle)

    async def show_job(self, handle: Handle) -> None:
        """Open a job's screen."""
        from routilux_tui.tui.screens.job import JobScreen

        try:
            await handle.set_read_only(self.read_only)
            await handle.open()
        except RoutiluxTuiError as error:
            if self._source is None:
                self.left = Exit(error.exit_code, error=str(error))
                self.exit(return_code=error.exit_code)
                return
            self.notify(printable(str(error)), title=error.title, severity="error", markup=False)
            return
        screen = JobScreen(handle)
        screen.reading.ask_early()
        await self.push_screen(screen)

    async def replace_job(self, handle: Handle) -> None:
        """Show a job where it is run now, in place of its file."""
        from routilux_tui.tui.screens.job import JobScreen

        try:
            await handle.open()
        except RoutiluxTuiError as error:  # it has ended by now: its file tells
            self.notify(printable(str(error)), title=error.title, severity="warning", markup=False)
            return
        await self.switch_screen(JobScreen(handle))

    def show_list(self) -> None:
        """From a job to the list, however the job was opened; without a list, nothing."""
        if len(self.screen_stack) > 2:
            self.pop_screen()
        elif self._make_source is not None:
            from routilux_tui.tui.screens.jobs import JobsScreen

            self._source = self._make_source()
            self.switch_screen(JobsScreen(self._source))

    def leave(self, on: Handle | None = None) -> None:
        """End the dashboard; a live job that it is left on is told of."""
        if on is not None and on.is_live:
            silent = on.stale_since is not None
            self.left = Exit(0, on.header, silent, on.place, on.file)
        else:
            self.left = Exit(0)
        self.exit()

    def _signalled(self, number: int) -> None:
        """A signal asks us to end: leave the terminal as it was found, then go."""
        self.left = Exit(128 + number)
        self.exit(return_code=128 + number)

    async def on_event(self, event: Event) -> None:
        """A terminal of another size shows nothing that is known; a key takes notices away."""
        if isinstance(event, Resize):
            self._frames.forget()
        elif isinstance(event, Key) and self._notifications:
            self.clear_notifications()
        await super().on_event(event)

    def action_command_palette(self) -> None:
        """Show every action by its name; one palette may still be on its way out."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def terminal_taken(self) -> None:
        """The terminal is ours anew: what it showed is gone."""
        self._frames.forget()

    def _handle_exception(self, error: Exception) -> None:
        """End with an error; one of our own that a worker raises ends that worker alone."""
        cause = error.error if isinstance(error, WorkerFailed) else None
        if isinstance(cause, RoutiluxTuiError) and self._running:
            self.notify(printable(str(cause)), title=cause.title, severity="error", markup=False)
        else:
            self._end_with(error)

    def _end_with(self, error: Exception) -> None:
        super()._handle_exception(error)

    def terminal_lost(self) -> None:
        """The terminal is gone without a signal: end as if it had sent one."""
        self._signalled(signal.SIGHUP)

    def action_quit(self) -> Any:
        """Ctrl+Q leaves, too."""
        self.leave()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        """Write a frame: of what was refreshed, the cells that changed; nothing where none did."""
        frame = None if renderable is None else self._frames.of(renderable)
        if isinstance(frame, Frame) and self._writes_frames():
            cursor = self.cursor_position
            if not frame.render_segments(self.console) and cursor == self._cursor_shown:
                frame = None
            self._cursor_shown = cursor
        super()._display(screen, frame)

    def _writes_frames(self) -> bool:
        """Whether Textual writes what it is given now: else nothing of it is shown."""
        is_open = self._running and not self._closed and self._driver is not None
        return is_open and not self._batch_count and not self.is_headless

    def link_is_busy(self) -> bool:
        """Whether the terminal still has something to swallow."""
        return not self.is_headless and link.unread_output(self._driver) > 0

    def notify_alert(self, job_id: str, alerts: int, alert: LastAlert | None) -> None:
        """Ring and notify for what people are told of a job; what was told before is known."""
        before = self._alert_counts.get(job_id)
        self._alert_counts[job_id] = max(alerts, before or 0)
        if before is None or alerts <= before or alert is None:
            return
        if alert.bell:
            self.bell()
        self.notify(printable(alert.text), title=printable(alert.name), timeout=30, markup=False)
        if alert.notify and self._driver is not None and not self.is_headless:
            self.run_worker(self._notify_terminal(alert))

    async def _notify_terminal(self, alert: LastAlert) -> None:
        name = await notices.terminal_name()
        code = notices.sequence(alert.name, alert.text, name, in_tmux=clipboard.is_in_tmux())
        if self._driver is not None:
            self._driver.write(code)

    def copy_to_clipboard(self, text: str) -> None:
        """Put text where the reader can paste it from, or in a file; a notice says where it is."""
        self._clipboard = text
        self.run_worker(self._copy(text))

    async def _copy(self, text: str) -> None:
        code = clipboard.sequence(text)
        if clipboard.is_in_tmux() and await clipboard.to_tmux(text):
            self.notify("Copied to tmux's buffer: its prefix and ] paste it.", timeout=4)
        elif code is not None and self._driver is not None and not clipboard.is_in_tmux():
            self._driver.write(code)
            self.notify("Sent to the clipboard of your terminal.", timeout=4)
        else:
            path = clipboard.to_file(text, state_folder() / "copied")
            why = "tmux takes no text" if clipboard.is_in_tmux() else "Too long for the clipboard"
            self.notify(f"{why}; it is in {path}", markup=False)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette, from the screen's part of the action table."""
        actions: tuple[Action, ...] = getattr(screen, "ACTIONS", ())
        for one in remapped(actions, self.settings.keymap):
            name = one.id.partition("(")[0]
            if hasattr(screen, f"action_{name}"):
                action = one.id

                async def do(action: str = action) -> None:
                    await screen.run_action(action)

                label = one.label or one.help.rstrip(".")
                yield SystemCommand(f"{label}  ({one.shown})", one.help, do)


def _report(error: BaseException) -> Path | None:
    """Write a crash's report: frames without their data, so that no job data is in it.

    Of one in a worker Textual tells where it was noticed; where it came from is what counts.
    """
    import platform

    import textual

    from routilux_tui import __version__

    if isinstance(error, WorkerFailed):
        error = error.error
    frames = traceback.format_tb(error.__traceback__)
    lines = [
        f"routilux-tui {__version__}, Textual {textual.__version__}",
        f"Python {platform.python_version()}, {platform.platform()}",
        f"TERM={os.environ.get('TERM', '')} LANG={os.environ.get('LANG', '')}",
        "",
        *frames,
        f"{type(error).__name__}",
    ]
    try:
        folder = state_folder() / "crashes"
        make_private(folder)
        import time

        path = folder / time.strftime("crash-%Y%m%d-%H%M%S.txt")
        path.touch(mode=0o600)
        path.write_text("\n".join(lines) + "\n")
    except OSError:
        return None
    return path


def run_dashboard(
    settings: Settings,
    *,
    handle: Handle | None = None,
    source: Source | None = None,
    make_source: Callable[[], Source] | None = None,
    driver: type[Driver] = TerminalDriver,
) -> Exit:
    """Run the dashboard until it is left.

    Prints nothing itself: what is to be said on leaving is in the result.
    """
    end_at_once(0)
    app = _Quiet(settings, handle, source, make_source, driver)
    try:
        app.run(mouse=settings.mouse)
    except (OSError, EOFError) as error:  # the terminal is gone
        app.crash = app.crash or error
    finally:
        restore()
    if app.crash is not None and app.left is None:
        return Exit(1, report=_report(app.crash), error=type(app.crash).__name__)
    return app.left or Exit(app.return_code or 0)


class _Quiet(Dashboard):
    """The dashboard, which keeps what ended it to itself: the report is written elsewhere."""

    crash: BaseException | None = None

    def _end_with(self, error: Exception) -> None:
        self.crash = self.crash or error
        self._return_code = 1
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        self._exit_renderables.clear()
