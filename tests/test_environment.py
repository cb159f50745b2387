"""Facts about the machine and the packages that the program relies on."""

import subprocess
import sys

from PySide6.QtCore import QObject, Signal

from hashviewer import system


class _Sender(QObject):
    fact = Signal(bool)


def test_emitting_a_signal_keeps_the_references_to_true():
    # PySide6 6.12 on Python 3.11 loses one at every emit and aborts after some 600.
    sender = _Sender()
    sender.fact.connect(lambda _: None)
    before = sys.getrefcount(True)
    for _ in range(50):
        sender.fact.emit(True)
    assert abs(sys.getrefcount(True) - before) < 50


def test_a_missing_system_library_is_named_with_its_package(monkeypatch):
    monkeypatch.setattr(system.sys, "platform", "linux")
    monkeypatch.setattr(system, "LIBRARIES", {"libnot-there.so.7": "libnot-there7"})
    assert "libnot-there7" in system.missing_packages()


def test_the_command_that_installs_is_named(monkeypatch, capsys):
    monkeypatch.setattr(system, "missing_packages", lambda: ["libegl1", "libgl1"])
    monkeypatch.setattr(system.os, "geteuid", lambda: 1000)
    assert system.main() == 1
    assert "sudo apt-get install -y libegl1 libgl1" in capsys.readouterr().err


def test_views_are_imported_without_torch():
    program = "import sys, hashviewer.ui.views; print([m for m in ('torch', 'openvino') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
