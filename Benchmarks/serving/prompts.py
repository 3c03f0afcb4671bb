"""Prompts of random words: about as many tokens as are asked for, and no two that begin alike unless they shall."""

import random

# Common words: most vocabularies have each, with the space before it, as one token.
_WORDS = """
time year people way day man thing woman life child world school state family student group country problem hand part
place case week company system program question work government number night point home water room mother area money
story fact month lot right study book eye job word business issue side kind head house service friend father power hour
game line end member law car city community name president team minute idea body information back parent face others
level office door health person art war history party result change morning reason research girl guy moment air teacher
force education foot boy age policy music mind table river summer paper garden letter window market stone winter road
""".split()


class Prompts:
    """Prompts by number: the same seed gives the same."""

    def __init__(self, tokens, shared=0, seed=1):
        if shared > tokens:
            raise ValueError("the shared prefix is longer than the prompt")
        self._own = tokens - shared
        self._seed = seed
        self._prefix = _words(random.Random(f"{seed} prefix"), shared)

    def __getitem__(self, number):
        return " ".join(self._prefix + _words(random.Random(f"{self._seed} {number}"), self._own))


def _words(source, count):
    return [source.choice(_WORDS) for _ in range(count)]
