"""The resource types of pulumi-random: every change of an input replaces, nothing is ever read."""

from __future__ import annotations

import base64
import secrets
import string

from toolchain.providers import shape
from toolchain.providers.random.words import ADJECTIVES, ADVERBS, NAMES
from toolchain.providers.servicer import Change, Difference, Resource
from toolchain.providers.wire import UNKNOWN, Properties, Value, plain, secret

_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_BCRYPT_BYTES = 72
_BCRYPT_COST = 10
_KEEPERS = {"keepers": shape.TEXTS}
_TEXT = _KEEPERS | {
    "length": shape.INTEGER,
    "special": shape.BOOLEAN,
    "upper": shape.BOOLEAN,
    "lower": shape.BOOLEAN,
    "numeric": shape.BOOLEAN,
    "number": shape.BOOLEAN,
    "minSpecial": shape.INTEGER,
    "minUpper": shape.INTEGER,
    "minLower": shape.INTEGER,
    "minNumeric": shape.INTEGER,
    "overrideSpecial": shape.STRING,
}
_CLASSES = {
    "upper": ("minUpper", string.ascii_uppercase),
    "lower": ("minLower", string.ascii_lowercase),
    "numeric": ("minNumeric", string.digits),
    "special": ("minSpecial", _SPECIAL),
}
_MINIMUMS = ("minUpper", "minLower", "minNumeric", "minSpecial")


class _Random(Resource):
    """A value that is made once: subclasses name its inputs and make it."""

    members: dict[str, str] = _KEEPERS
    required: tuple[str, ...] = ()
    defaults: Properties = {}
    computed: tuple[str, ...] = ()

    def check(self, new: Properties) -> tuple[Properties, list[str]]:
        """Check members and types; see Resource.check."""
        return new, shape.problems(new, self.members, self.required)

    def diff(self, old: Properties, old_inputs: Properties, new: Properties) -> Difference:
        """Compare what is wanted with what was made; making a default explicit is no change."""
        wanted = self.complete(new)
        changed: dict[str, str] = {}
        for name in self.members:
            if name == "keepers":
                if _keepers(old) != _keepers(wanted):
                    changed[name] = "update"
            elif plain(old.get(name)) != plain(wanted.get(name)):
                changed[name] = "update"
        return Difference(paths=changed, replaces=tuple(changed))

    def complete(self, inputs: Properties) -> Properties:
        """Give the inputs with every default."""
        return self.defaults | {name: value for name, value in inputs.items() if value is not None}

    async def create(self, change: Change) -> tuple[str, Properties]:
        """Make the value."""
        wanted = self.complete(change.new)
        if change.preview:
            return "", wanted | dict.fromkeys(self.computed, UNKNOWN)
        id, made = self.make({name: plain(value) for name, value in wanted.items()})
        return id, wanted | made

    async def update(self, change: Change) -> Properties:
        """Keep the value: only marks can have changed."""
        return change.old | self.complete(change.new)

    def make(self, inputs: Properties) -> tuple[str, Properties]:
        """Give the id and the computed outputs."""
        return "", {}


class RandomString(_Random):
    """Random text; its id is the text itself, so it is never for credentials."""

    members = _TEXT
    required = ("length",)
    defaults = {
        "special": True,
        "upper": True,
        "lower": True,
        "numeric": True,
        "number": True,
        **dict.fromkeys(_MINIMUMS, 0),
    }
    computed: tuple[str, ...] = ("result",)

    def check(self, new: Properties) -> tuple[Properties, list[str]]:
        """Check that the length can hold the minimums, and that some class is left."""
        _, failures = super().check(new)
        if failures:
            return new, failures
        wanted = self.complete(new)
        length = plain(wanted["length"])
        least = sum(value for name in _MINIMUMS if isinstance(value := plain(wanted[name]), int | float))
        if isinstance(length, int | float) and length < max(1, least):
            failures.append(f"length: must be at least {max(1, int(least))}")
        if not any(plain(wanted[name]) for name in _CLASSES):
            failures.append("at least one of special, upper, lower and numeric must be true")
        return new, failures

    def complete(self, inputs: Properties) -> Properties:
        """Give the inputs with every default; `number` is the old name of `numeric`."""
        wanted = super().complete(inputs)
        for given, other in (("number", "numeric"), ("numeric", "number")):
            if inputs.get(given) is not None:
                wanted[other] = inputs[given]
        return wanted

    def make(self, inputs: Properties) -> tuple[str, Properties]:
        """Make the text: the minimum of each class first, then the rest, then shuffled."""
        text = _text(inputs)
        return text, {"result": text}


class RandomPassword(RandomString):
    """Random text that is secret, with its bcrypt digest."""

    computed = ("result", "bcryptHash")

    def make(self, inputs: Properties) -> tuple[str, Properties]:
        """Make the password; its id says nothing."""
        import bcrypt

        text = _text(inputs)
        salt = bcrypt.gensalt(_BCRYPT_COST, prefix=b"2a")
        digest = bcrypt.hashpw(text.encode()[:_BCRYPT_BYTES], salt).decode()
        return "none", {"result": secret(text), "bcryptHash": secret(digest)}


class RandomId(_Random):
    """Random bytes in four notations."""

    members = _KEEPERS | {"byteLength": shape.INTEGER, "prefix": shape.STRING}
    required = ("byteLength",)
    computed = ("b64Url", "b64Std", "hex", "dec")

    def make(self, inputs: Properties) -> tuple[str, Properties]:
        """Make the bytes."""
        made = secrets.token_bytes(int(inputs["byteLength"]))
        url = base64.urlsafe_b64encode(made).decode().rstrip("=")
        notations = (url, base64.b64encode(made).decode(), made.hex(), str(int.from_bytes(made)))
        prefix = inputs.get("prefix") or ""
        return url, {name: prefix + text for name, text in zip(self.computed, notations, strict=True)}


class RandomBytes(_Random):
    """Random bytes that are secret, in two notations."""

    members = _KEEPERS | {"length": shape.INTEGER}
    required = ("length",)
    computed = ("base64", "hex")

    def check(self, new: Properties) -> tuple[Properties, list[str]]:
        """Check that there is a byte at least."""
        _, failures = super().check(new)
        length = plain(new.get("length"))
        if not failures and isinstance(length, int | float) and length < 1:
            failures.append("length: must be at least 1")
        return new, failures

    def make(self, inputs: Properties) -> tuple[str, Properties]:
        """Make the bytes; their id says nothing."""
        made = secrets.token_bytes(int(inputs["length"]))
        return "none", {"base64": secret(base64.b64encode(made).decode()), "hex": secret(made.hex())}


class RandomPet(_Random):
    """Words that people can tell apart."""

    members = _KEEPERS | {"length": shape.INTEGER, "separator": shape.STRING, "prefix": shape.STRING}
    defaults = {"length": 2, "separator": "-"}

    def make(self, inputs: Properties) -> tuple[str, Properties]:
        """Choose the words: a name, before it an adjective, before that adverbs."""
        length = int(inputs["length"])
        words = [secrets.choice(ADVERBS) for _ in range(length - 2)]
        words += [secrets.choice(ADJECTIVES)] if length > 1 else []
        words.append(secrets.choice(NAMES))
        return inputs["separator"].join(([inputs["prefix"]] if inputs.get("prefix") else []) + words), {}


class RandomUuid(_Random):
    """A random uuid; like the official one it carries no version bits."""

    computed = ("result",)

    def make(self, inputs: Properties) -> tuple[str, Properties]:
        """Make the uuid."""
        digits = secrets.token_hex(16)
        text = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        return text, {"result": text}


def _text(inputs: Properties) -> str:
    alphabets = dict(_CLASSES)
    if inputs.get("overrideSpecial"):
        alphabets["special"] = ("minSpecial", inputs["overrideSpecial"])
    chosen: list[str] = []
    everything = ""
    for name, (minimum, alphabet) in alphabets.items():
        chosen += [secrets.choice(alphabet) for _ in range(int(inputs[minimum]))]
        everything += alphabet if inputs[name] else ""
    chosen += [secrets.choice(everything) for _ in range(int(inputs["length"]) - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _keepers(properties: Properties) -> Value:
    given = plain(properties.get("keepers"))
    return {n: v for n, v in given.items() if v is not None} if isinstance(given, dict) else given or {}
