"""What a run of load has found, as a table."""

_MILLISECONDS = 1000


def crowd(found):
    first, gap = found["first_token"], found["gap"]
    return _rows([
        ("requests", f"{found['requests']}, {found['errors']} failed"),
        ("prompt tokens, tokens", f"{found['prompt_tokens']}, {found['tokens']} in {found['seconds']:.1f} s"),
        ("tokens per second, all", _number(found["tokens_per_second"])),
        ("time to first token", f"median {_ms(first['p50'])}, p95 {_ms(first['p95'])}, worst {_ms(first['worst'])}"),
        ("gap between tokens", f"median {_ms(gap['p50'])}, p99 {_ms(gap['p99'])}, worst {_ms(gap['worst'])}"),
    ])


def intrusion(found):
    quiet, disturbed = found["undisturbed_gap"], found["disturbed_gap"]
    rows = [
        ("streams", f"{found['streams']}, {found['errors']} requests failed"),
        ("gap, undisturbed", f"median {_ms(quiet['p50'])}, p99 {_ms(quiet['p99'])}, worst {_ms(quiet['worst'])}"),
        ("gap, beside the prompt",
         f"median {_ms(disturbed['p50'])}, p99 {_ms(disturbed['p99'])}, worst {_ms(disturbed['worst'])}"),
        ("its p99 to the undisturbed median", _number(found["disturbed_p99_to_undisturbed_median"])),
        ("long prompt", f"{found['prompt_tokens'] or 'unknown'} tokens"),
        ("its first token", f"after {_ms(found['first_token'])}, alone {_ms(found['first_token_alone'])}"),
        ("that to alone", _number(found["first_token_to_alone"])),
    ]
    if found["streams_ended_early"]:
        rows.append(("ended before that", f"{found['streams_ended_early']} streams: give them more --tokens"))
    return _rows(rows)


def _rows(rows):
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def _ms(seconds):
    return "–" if seconds is None else f"{_number(seconds * _MILLISECONDS)} ms"


def _number(value):
    """Three digits that count, and no more."""
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
