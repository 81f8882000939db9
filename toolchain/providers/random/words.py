"""Words for RandomPet."""

from __future__ import annotations

_ADVERBS = """
badly barely boldly briefly calmly clearly closely deeply early easily evenly fairly firmly freely gently
gladly greatly hardly highly kindly largely lately lightly mainly neatly newly openly partly plainly quickly
quietly rarely really safely simply slowly softly solely steadily surely truly warmly widely wisely
"""

_ADJECTIVES = """
able active apt brave bright calm capable clever cool daring deep eager easy fair famous fast fine firm fit
fond fresh gentle glad good grand great handy happy honest ideal keen kind large light live loyal lucky
merry mighty modern neat nice noble proud quick quiet rare ready rich safe sharp smart social solid sound
star steady strong sure tidy top true useful valid vast warm well whole wise witty young
"""

_NAMES = """
adder alpaca ant badger bass bat bear beagle bee bird bison boar bull calf camel cat chimp clam cobra cod
colt condor cow crab crane cricket crow deer dodo dog dolphin dove duck eagle eel elk ewe falcon ferret fish
fly fox frog gecko ghost gnat goat goose grouse gull hare hawk hen heron hippo hog horse hound ibex jackal
jay kid kite koala lamb lark lemur lion lizard llama lynx mako mammal marten mink mole monkey moose moth
mouse mule newt ox owl panda parrot pig pony puma python quail rabbit ram rat raven robin salmon seal shark
sheep shrew skunk sloth snail snake spider squid stag stork swan tiger toad trout turkey turtle viper wasp
weasel whale wolf wren yak
"""

ADVERBS = tuple(_ADVERBS.split())
ADJECTIVES = tuple(_ADJECTIVES.split())
NAMES = tuple(_NAMES.split())
