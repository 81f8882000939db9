"""What every queue of a vhost is like: replicated and on disk, and with a way out for messages that always fail.

Source: RabbitMQ, "Quorum Queues" (default queue type, poison message handling, at-least-once dead lettering).
"""

from __future__ import annotations

import json
from typing import Any

from hostctl import erlang
from hostctl.errors import HostError
from hostctl.kinds.base import Kind, Phase, State
from hostctl.kinds.rabbitmq import CONTROL, LOOK, NO_ANSWER, import_definitions
from hostctl.report import progress
from hostctl.run import run

POLICY = "dhanman-dead-letters"
QUORUM = "quorum"

_ASKED = """(fun() ->
  D = rabbit_definitions:all_definitions(),
  Own = fun(Kind, Key, Name) ->
    [X || X <- maps:get(Kind, D, []),
          maps:get(<<"vhost">>, X, none) =:= {vhost}, maps:get(Key, X, none) =:= Name]
  end,
  rabbit_json:encode(#{{
    vhosts => [X || X <- maps:get(vhosts, D, []), maps:get(<<"name">>, X, none) =:= {vhost}],
    policies => Own(policies, <<"name">>, {policy}),
    exchanges => Own(exchanges, <<"name">>, {name}),
    queues => Own(queues, <<"name">>, {name}),
    bindings => Own(bindings, <<"source">>, {name})
  }})
end)()"""


class RabbitmqQueues(Kind):
    """Queues that are declared without a type are quorum queues; what fails too often goes to a queue of its own.

    Existing queues keep their type. The dead letters' queue is data, as its vhost is.
    """

    name = "rabbitmq_queues"
    phase = Phase.DATA

    @property
    def key(self) -> str:
        """The vhost."""
        return str(self.wanted["vhost"])

    @property
    def data(self) -> bool:
        """Messages wait in them."""
        return True

    @property
    def _dead_letters(self) -> str:
        return str(self.wanted["dead_letters"])

    def _policy(self) -> dict[str, Any]:
        definition = {
            "dead-letter-exchange": self._dead_letters,
            # a message leaves its queue only when the dead letters' queue has confirmed it; needs the overflow
            "dead-letter-strategy": "at-least-once",
            "overflow": "reject-publish",
            "delivery-limit": int(self.wanted["delivery_limit"]),
        }
        return {
            "vhost": self.key,
            "name": POLICY,
            "pattern": f"^(?!{self._dead_letters}$)",
            "apply-to": "quorum_queues",
            "definition": definition,
            "priority": 0,
        }

    def observe(self) -> State | None:
        """The vhost's default type, and what there is for dead letters."""
        names = {"vhost": self.key, "policy": POLICY, "name": self._dead_letters}
        # Erlang's binaries, written as their bytes: no name can be more than a name
        binaries = {k: f"<<{','.join(map(str, v.encode()))}>>" for k, v in names.items()}
        answer = erlang.evaluate(_ASKED.format(**binaries))
        if answer is None:
            return None
        found: dict[str, Any] = json.loads(answer)
        vhost = (found["vhosts"] or [{}])[0]
        return {
            "queue_type": (vhost.get("metadata") or {}).get("default_queue_type"),
            "policy": (found["policies"] or [None])[0],
            "exchange": (found["exchanges"] or [{}])[0].get("type"),
            "queue": (found["queues"] or [{}])[0].get("arguments", {}).get("x-queue-type")
            if found["queues"]
            else None,
            "bound": any(b.get("destination") == self._dead_letters for b in found["bindings"]),
        }

    def differs(self, state: State | None) -> list[str]:
        """Which part is missing or another one."""
        if state is None:
            return [NO_ANSWER]
        words = []
        if state["queue_type"] != self.wanted["queue_type"]:
            words.append(f"new queues are {state['queue_type']} -> {self.wanted['queue_type']}")
        policy = self._policy()
        if state["policy"] is None:
            words.append(f"policy {POLICY} is missing")
        elif any(state["policy"].get(key) != value for key, value in policy.items()):
            words.append(f"policy {POLICY}")
        for what, wanted in (("exchange", "fanout"), ("queue", QUORUM)):
            if state[what] is None:
                words.append(f"{what} {self._dead_letters} is missing")
            elif state[what] != wanted:
                words.append(f"{what} {self._dead_letters} is of type {state[what]}, not {wanted}")
        if state["exchange"] and state["queue"] and not state["bound"]:
            words.append(f"{self._dead_letters} is not bound")
        return words

    def apply(self, state: State | None) -> None:
        """One import; what is there of another type can't be changed, and is somebody's."""
        if state is None:
            raise HostError(NO_ANSWER, hint=LOOK)
        name = self._dead_letters
        if state["exchange"] not in (None, "fanout") or state["queue"] not in (None, QUORUM):
            raise HostError(
                f"{self.id}: {'; '.join(self.differs(state))}",
                hint=f"empty and delete the queue and the exchange {name} of vhost {self.key}, then pulumi up",
            )
        own = {"vhost": self.key, "name": name, "durable": True, "auto_delete": False}
        binding = {"vhost": self.key, "source": name, "destination": name, "destination_type": "queue"}
        import_definitions(
            {
                "vhosts": [{"name": self.key, "default_queue_type": self.wanted["queue_type"]}],
                "policies": [self._policy()],
                "exchanges": [own | {"type": "fanout", "internal": False, "arguments": {}}],
                "queues": [own | {"arguments": {"x-queue-type": QUORUM}}],
                "bindings": [binding | {"routing_key": "", "arguments": {}}],
            }
        )
        # an import leaves the type of a vhost that is there
        if state["queue_type"] != self.wanted["queue_type"]:
            self._set_type(self.wanted["queue_type"])

    def _set_type(self, queue_type: str) -> None:
        command = ["rabbitmqctl", "--quiet", "update_vhost_metadata", self.key]
        run([*command, "--default-queue-type", queue_type], timeout=60)

    def restore(self, state: State) -> None:
        """Bring policy and type back; exchange and queue stay, since there may be letters in it by now."""
        now = self.observe()
        if now is None:
            if not CONTROL.exists():
                return
            raise HostError(f"{self.id}: {NO_ANSWER}", hint=LOOK)
        if state["policy"]:
            import_definitions({"policies": [state["policy"]]})
        elif now["policy"]:
            run(["rabbitmqctl", "--quiet", "clear_policy", "--vhost", self.key, POLICY], timeout=60)
        if state["queue_type"] and now["queue_type"] != state["queue_type"]:
            self._set_type(state["queue_type"])
        if now["queue"] and not state["queue"]:
            progress(f"  {self.id}: the queue {self._dead_letters} stays")

    def foreign(self, state: State) -> bool:
        """A queue or an exchange of this name that we did not make."""
        return bool(state["exchange"] or state["queue"] or state["policy"])
