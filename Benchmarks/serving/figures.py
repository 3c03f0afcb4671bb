"""The arithmetic of load: what the times of many answers come to. Times are in seconds."""

import dataclasses
import math


@dataclasses.dataclass
class Answer:
    """What one request took, by a clock that all of a run share."""

    start: float
    # When each piece of text came. A piece is a token, but where a server joins several or holds some back.
    times: list[float] = dataclasses.field(default_factory=list)
    end: float = 0.0
    # As the server counts them; None where it does not say.
    prompt_tokens: int | None = None
    tokens: int | None = None
    error: str | None = None

    @property
    def first(self):
        """Time to the first piece of text, or None if there was none."""
        return self.times[0] - self.start if self.times else None

    @property
    def count(self):
        return len(self.times) if self.tokens is None else self.tokens

    @property
    def pairs(self):
        """When each piece but the last came, and when the next one did."""
        return list(zip(self.times, self.times[1:]))


def percentile(values, share):
    """The least of `values` that `share` of a hundred of them are not above; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]


def spread(values, *shares):
    """The percentiles named, and the largest."""
    return {**{f"p{share}": percentile(values, share) for share in shares}, "worst": max(values, default=None)}


def summary(answers):
    """Of requests that ran together; those that failed count as errors only."""
    good = [answer for answer in answers if answer.error is None]
    seconds = max((a.end for a in good), default=0) - min((a.start for a in good), default=0)
    tokens = sum(answer.count for answer in good)
    return {
        "requests": len(answers),
        "errors": len(answers) - len(good),
        "seconds": seconds,
        "prompt_tokens": sum(answer.prompt_tokens or 0 for answer in good),
        "tokens": tokens,
        "tokens_per_second": tokens / seconds if seconds > 0 else None,
        "first_token": spread([a.first for a in good if a.first is not None], 50, 95),
        "gap": spread([after - before for answer in good for before, after in answer.pairs], 50, 99),
    }


def disturbance(streams, intruder, alone, begin):
    """What a long prompt did to streams that all ran since `begin`, and they to it.

    `alone` is a prompt as long on an idle server. Gaps count as disturbed from when the prompt was sent until its first
    token.
    """
    arrived = intruder.times[0] if intruder.times else intruder.end
    pairs = [pair for stream in streams for pair in stream.pairs]
    quiet = spread([b - a for a, b in pairs if a >= begin and b <= intruder.start], 50, 99)
    disturbed = spread([b - a for a, b in pairs if b > intruder.start and a < arrived], 50, 99)
    answers = [*streams, intruder, alone]
    return {
        "streams": len(streams),
        "errors": sum(answer.error is not None for answer in answers),
        "streams_ended_early": sum(stream.end < arrived for stream in streams),
        "undisturbed_gap": quiet,
        "disturbed_gap": disturbed,
        "disturbed_p99_to_undisturbed_median": ratio(disturbed["p99"], quiet["p50"]),
        "prompt_tokens": intruder.prompt_tokens,
        "first_token": intruder.first,
        "first_token_alone": alone.first,
        "first_token_to_alone": ratio(intruder.first, alone.first),
    }


def ratio(value, base):
    return value / base if value is not None and base else None
