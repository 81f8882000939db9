"""One round: look at every source, put what is to be told into the outbox, deliver what waits there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from notifier import host, messages, outbox, sources, state
from notifier.channels import Send
from notifier.config import Config
from notifier.looking import Moment, look


def run(config: Config, ways: Mapping[str, Send]) -> dict[str, Any]:
    """Do it; what ``alerts.json`` says then. What happened is printed."""
    now = time.time()
    memory = state.read(config.state)
    known: dict[str, Any] = memory.setdefault("sources", {})
    found, wrong = sources.load(config.sources)
    names = sorted({name for source in found for name in (*source.units, *source.timers)})
    moment = Moment(now=now, uptime=host.uptime(), units=host.units(names), elapses=host.elapses)
    for gone in known.keys() - {source.name for source in found}:
        del known[gone]
    for source in found:
        kept = known.setdefault(source.name, {})
        problems = look(source, kept, moment)
        happened = messages.event(kept, problems, now, config.remind)
        if happened:
            since = kept.get("failing_since", now)
            told = messages.message(config, source, happened, problems, since, now)
            outbox.put(memory, messages.stored(told, source.name, happened, now, list(ways)))
            print(
                f"{source.title}: {happened}", *(f"  {problem}" for problem in problems), sep="\n", flush=True
            )
        messages.settle(kept, problems)
    # what is to be told must not be lost with this process
    state.keep(config.state, memory)
    for line in outbox.deliver(memory, ways, now):
        print(line, flush=True)
    state.keep(config.state, memory)
    return state.publish(config.state, memory, wrong, now)
