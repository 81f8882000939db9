"""The policy pack: the program that Pulumi asks what it thinks of a stack.

It speaks Pulumi's analyzer protocol itself, with the messages that come with Pulumi's SDK. ``pulumi-policy`` speaks
it too, and hands policies the values of secrets without saying that they are secret, so that half of the rules here
could not be written with it (``docs/decisions.md``, "The policy pack").

Source: https://github.com/pulumi/pulumi/blob/master/proto/pulumi/analyzer.proto
"""

from __future__ import annotations

import json
import os
import signal
import sys
from concurrent import futures
from pathlib import Path
from types import FrameType
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

from policies import wire
from policies.rules import RULES
from policies.stack import Rule, Stack

PACK = "dhanman"
VERSION = "1.0.0"
REPORT = "DHANMAN_POLICY_REPORT"
"""The environment variable that names the file in which ``make policy`` wants to read what was found."""


def policy_name(rule: Rule) -> str:
    """As Pulumi shows the rule: ``host-key-is-checked``."""
    return rule.__name__.replace("_", "-")


def description(rule: Rule) -> str:
    """The rule in a sentence."""
    return (rule.__doc__ or "").strip()


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """Judges a stack as a whole, once all of it is registered. ``report``: file for what was found, or none."""

    def __init__(self, report: str | None = None) -> None:
        self._report = report

    def Handshake(self, request: Any, context: Any) -> Any:
        """Nothing is needed of the engine."""
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """The pack's version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:
        """The rules; each one is mandatory."""
        policies = [
            analyzer_pb2.PolicyInfo(
                name=policy_name(rule),
                displayName=policy_name(rule),
                description=description(rule),
                enforcementLevel=analyzer_pb2.MANDATORY,
                policy_type=analyzer_pb2.POLICY_TYPE_STACK,
            )
            for rule in RULES
        ]
        return analyzer_pb2.AnalyzerInfo(name=PACK, displayName=PACK, version=VERSION, policies=policies)

    def Configure(self, request: Any, context: Any) -> Any:
        """There is nothing to configure: a rule holds or it does not."""
        return empty_pb2.Empty()

    def ConfigureStack(self, request: Any, context: Any) -> Any:
        """What the rules need is in the resources."""
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def Analyze(self, request: Any, context: Any) -> Any:
        """A resource alone is not judged: its host, its backup and its certificate are other resources."""
        return analyzer_pb2.AnalyzeResponse()

    def Remediate(self, request: Any, context: Any) -> Any:
        """Nothing is changed on the way: what breaks a rule is corrected in the settings or the program."""
        return analyzer_pb2.RemediateResponse()

    def Cancel(self, request: Any, context: Any) -> Any:
        """Judging takes a fraction of a second."""
        return empty_pb2.Empty()

    def AnalyzeStack(self, request: Any, context: Any) -> Any:
        """What breaks a rule, at the resource that does."""
        stack = Stack(
            wire.resource(
                resource.urn,
                json_format.MessageToDict(resource.properties),
                protect=resource.options.protect,
            )
            for resource in request.resources
        )
        found = [(rule, breach) for rule in RULES for breach in rule(stack)]
        if self._report:
            content = {
                "resources": len(stack.resources),
                "rules": len(RULES),
                "broken": [[policy_name(rule), str(breach)] for rule, breach in found],
                "unseen": list(stack.unseen),
            }
            Path(self._report).write_text(json.dumps(content), encoding="utf-8")
        return analyzer_pb2.AnalyzeResponse(
            diagnostics=[
                analyzer_pb2.AnalyzeDiagnostic(
                    policyName=policy_name(rule),
                    policyPackName=PACK,
                    policyPackVersion=VERSION,
                    description=description(rule),
                    message=f"{breach.wrong}; {breach.do}",
                    enforcementLevel=analyzer_pb2.MANDATORY,
                    urn=breach.resource.urn,
                )
                for rule, breach in found
            ]
        )


def serve(report: str | None = os.environ.get(REPORT)) -> None:
    """Print the port and answer until SIGINT or SIGTERM, as the engine expects of a plugin."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        os._exit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    # a stack's units with their programs in them are some megabytes
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), options=unlimited)
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Analyzer(report), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()
