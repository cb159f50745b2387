"""The process that encodes query pictures: stays alive, loads neither torch nor h5py with OpenVINO."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from hashviewer.encoding import messages
from hashviewer.encoding.engine import Engine, open_engine
from hashviewer.encoding.messages import Message
from hashviewer.errors import EncodingError
from hashviewer.images import Preprocessing, decode
from hashviewer.networks import read_card


def serve(model: Path, *, engine: str, device: str, precision: str) -> int:
    """Answer until standard input ends; returns the exit status.

    A question is ``{"event": "encode", "path": …}``, or without a path the picture's bytes come as a part. An answer is
    "encoded" with the parts outputs, feature (float32) and thumbnail, or "error". The first message is "ready".
    """
    stream = messages.own_output()
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C in a terminal is meant for the parent, which ends us
    try:
        runner = _open_recorded(model, engine=engine, device=device, precision=precision)
        preprocessing = read_card(model).preprocessing
        runner.encode(np.zeros((1, preprocessing.size, preprocessing.size, 3), np.uint8))  # the first is slow
    except Exception as error:  # noqa: BLE001 - the parent shows it
        sys.excepthook(type(error), error, error.__traceback__)
        messages.write(stream, messages.error_message(error))
        return 1
    ready: dict[str, Any] = {"engine": runner.name, "precision": runner.precision, "device": runner.device}
    messages.write(stream, Message("ready", ready))
    with os.fdopen(os.dup(0), "rb") as questions:
        while (question := messages.read(questions)) is not None:
            try:
                answer = _answer(question, runner, preprocessing)
            except Exception as error:  # noqa: BLE001 - one bad picture does not end the process
                answer = messages.error_message(error)
            messages.write(stream, answer)
    return 0


def _open_recorded(model: Path, *, engine: str, device: str, precision: str) -> Engine:
    """The engine that made a library's codes, or where this machine lacks it, the best there is.

    One lane suffices; it is the same lane as those that index, so the codes are the same to the last bit.
    """
    try:
        return open_engine(model, device=device, precision=precision, engine=engine, lanes=1)
    except EncodingError:
        return open_engine(model, lanes=1)


def _answer(question: Message, engine: Engine, preprocessing: Preprocessing) -> Message:
    path = question.fields.get("path")
    decoded = decode(question.parts[0] if path is None else Path(path), preprocessing)
    encoded = engine.encode(decoded.pixels[None])
    return Message(
        "encoded",
        {"width": decoded.width, "height": decoded.height},
        (encoded.outputs[0].tobytes(), encoded.features[0].tobytes(), decoded.thumbnail),
    )
