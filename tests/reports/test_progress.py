"""The bar of the commands: drawn on a terminal, and in nobody's way elsewhere."""

from __future__ import annotations

from io import StringIO

from reports.management.progress import bar


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_is_drawn_where_there_is_no_terminal() -> None:
    stream = StringIO()
    with bar(total=2, unit="files", stream=stream) as progress:
        progress.update()
    assert stream.getvalue() == ""


def test_a_terminal_shows_how_far_it_is() -> None:
    stream = Terminal()
    with bar(total=2, unit="files", stream=stream) as progress:
        progress.update()
        progress.refresh()
        assert "1/2" in stream.getvalue()
