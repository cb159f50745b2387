"""Showing a file in the desktop's file manager, highlighted where the desktop can do that."""

import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QProcess

from hashviewer.ui.file_urls import to_url

SERVICE, PLACE = "org.freedesktop.FileManager1", "/org/freedesktop/FileManager1"


def reveal(path: Path, *, otherwise: Callable[[], None]) -> None:
    """Show a file highlighted in its folder; `otherwise` is called, perhaps later, where that cannot be done."""
    command = revealing_command(path, platform=sys.platform)
    if command is None:
        _ask_over_dbus(path, otherwise)
    elif not QProcess.startDetached(command[0], command[1:])[0]:
        otherwise()


def revealing_command(path: Path, *, platform: str) -> list[str] | None:
    """The program that highlights a file; None where the desktop is asked over D-Bus."""
    if platform == "win32":
        return ["explorer.exe", "/select,", str(path)]
    if platform == "darwin":
        return ["open", "-R", str(path)]
    return None


def _ask_over_dbus(path: Path, otherwise: Callable[[], None]) -> None:
    from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher

    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        otherwise()
        return
    message = QDBusMessage.createMethodCall(SERVICE, PLACE, SERVICE, "ShowItems")
    message.setArguments([[bytes(to_url(path).toEncoded().data()).decode("ascii")], ""])
    call = QDBusPendingCallWatcher(bus.asyncCall(message))
    _waiting.append(call)

    def answered(_call: QDBusPendingCallWatcher) -> None:
        _waiting.remove(call)
        if call.isError():
            otherwise()

    call.finished.connect(answered)


_waiting: list[object] = []  # calls on their way: Qt forgets a call whose watcher is gone
