"""hashviewer methods: the hashing methods there are."""

import math
from typing import TYPE_CHECKING

from hashviewer.cli.asking import JsonOption
from hashviewer.cli.output import print_json, say, say_table

if TYPE_CHECKING:
    from hashviewer.methods import DeclaredSetting, MethodInfo


def methods(json: JsonOption = False) -> None:
    """List the hashing methods that can be trained, and their constants."""
    from hashviewer.methods import all_methods

    found = all_methods()
    if json:
        print_json([document(info) for info in found])
        return
    say_table(
        ("method", "title", "family", "year", "query", "labels", "source", "in the survey"),
        [
            (i.key, i.title, i.family, i.year, i.query, i.labels, i.confidence, "yes" if i.survey else "no")
            for i in found
        ],
    )
    listed = sum(info.survey for info in found)
    say(
        f"{len(found)} methods, {listed} of them in the survey. --json tells papers, constants and their ranges."
    )


def document(info: "MethodInfo") -> dict[str, object]:
    """A method as JSON; `settings` are what --set changes."""
    from hashviewer.methods import settings_of

    advice = info.method.advice
    return {
        "key": info.key,
        "title": info.title,
        "family": info.family,
        "year": info.year,
        "paper": info.paper,
        "summary": summary(info),
        "query": info.query,
        "labels": info.labels,
        "confidence": info.confidence,
        "survey": info.survey,
        "published": [
            {"bits": f.bits, "mAP": f.value, "protocol": f.protocol, "note": f.note} for f in info.published
        ],
        "settings": [setting_document(setting) for setting in settings_of(info.method)],
        "training": {
            "epochs": advice.epochs,
            "batch": advice.batch,
            "optimizer": advice.optimizer,
            "learning_rate": advice.learning_rate,
            "trunk_rate": advice.trunk_rate,
            "weight_decay": advice.weight_decay,
            "schedule": advice.schedule,
            "head": advice.head,
            "hidden": advice.hidden,
            "dropout": advice.dropout,
        },
    }


def summary(info: "MethodInfo") -> str:
    """What a method does, in the sentence that its class begins with."""
    return (info.method.__doc__ or "").strip().partition("\n")[0]


def setting_document(setting: "DeclaredSetting") -> dict[str, object]:
    """A constant as JSON."""
    return {
        "name": setting.name,
        "kind": setting.kind.__name__,
        "default": setting.default,
        "meaning": setting.meaning,
        "choices": list(setting.choices),
        "optional": setting.optional,
        "low": setting.low if math.isfinite(setting.low) else None,
        "high": setting.high if math.isfinite(setting.high) else None,
    }
