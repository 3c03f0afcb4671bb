"""Scores texts with the unmodified `lm-eval` over HTTP, and compares with `apus eval perplexity` on the same model.

Usage: lm_eval_client.py APUS MODEL

Starts `APUS serve MODEL` on a free port. MODEL is any model that puts no token before a text (BOS), which
`local-completions` does not either. The task is made here, since no data set need be fetched: a text's first half is the
question, its second half and another's are the answers. Tokens come from the server too. Needs `lm-eval[api]`, which
`run` installs. Prints one line for each check and exits 0 if all hold.
"""

import json
import math
import os
import pathlib
import subprocess
import tempfile
import urllib.request

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", OPENAI_API_KEY="none")

import lm_eval  # noqa: E402
from lm_eval.api.task import ConfigurableTask  # noqa: E402

from harness import Server, check, run  # noqa: E402

# Tokens of a text that count: `apus eval perplexity` scores those after the middle of as many.
LENGTH = 40
SENTENCES = [
    "Swifts fly for months and never land, not even to sleep.", "The river was low, so the boats stayed in the harbour.",
    "She opened the old book and found a letter from her father.", "Water boils at a lower temperature in the mountains.",
    "In 1969 two men walked on the moon while a third one waited above.",
    "Nobody had told the baker that the mill was closed.",
    "A good knife is sharp, light and easy to clean.", "When the rain began, all the children ran into the barn.",
]


def texts():
    """One text beginning with each of the sentences."""
    return [" ".join(SENTENCES[first:] + SENTENCES[:first]) for first in range(len(SENTENCES))]


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def halves(url, text):
    """A text's first tokens, in two parts: what comes before those that are scored, and these."""
    tokens = post(url + "/tokenize", {"prompt": text, "add_special_tokens": False})["tokens"]
    begin, whole = (
        post(url + "/detokenize", {"tokens": tokens[:count]})["prompt"] for count in (LENGTH // 2 + 1, LENGTH))
    return begin, whole[len(begin):]


def own_score(apus, model, text, folder):
    """The log-likelihood of the second part, from the perplexity of the same tokens; also how many are scored."""
    path = pathlib.Path(folder) / "text"
    path.write_text(text)
    command = [apus, "eval", "perplexity", model, str(path), "--context", str(LENGTH), "--chunks", "1", "--json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    count = LENGTH - LENGTH // 2 - 1
    return -math.log(found["perplexity"]) * count, found


def scores(url, items, folder):
    """What lm-eval finds for each item: log-likelihood, and whether it is the likeliest text, of both answers."""
    path = pathlib.Path(folder) / "items.json"
    path.write_text("\n".join(json.dumps(item) for item in items))
    task = ConfigurableTask(config={
        "task": "halves", "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(path)}},
        "test_split": "test", "output_type": "multiple_choice", "doc_to_text": "{{question}}", "doc_to_target": "best",
        "doc_to_choice": "{{answers}}", "target_delimiter": "", "metric_list": [{"metric": "acc"}],
    })
    found = lm_eval.simple_evaluate(
        model="local-completions", tasks=[task], log_samples=True, bootstrap_iters=0, cache_requests=False,
        model_args={"model": "any", "base_url": url + "/v1/completions", "num_concurrent": 4, "max_retries": 1})
    samples = sorted(found["samples"]["halves"], key=lambda sample: sample["doc_id"])
    return [[answer[0] for answer in sample["resps"]] for sample in samples]


def main(apus, model):
    with Server(apus, model) as server, tempfile.TemporaryDirectory() as folder:
        parts = [halves(server.url, text) for text in texts()]
        items = [
            {"question": begin, "answers": [end, parts[number - 4][1]], "best": 0}
            for number, (begin, end) in enumerate(parts)]
        found = scores(server.url, items, folder)
        worst = 0.0
        for number, (text, answers) in enumerate(zip(texts(), found)):
            expected, own = own_score(apus, model, text, folder)
            difference = abs(float(answers[0][0]) - expected)
            worst = max(worst, difference)
            check(f"text {number}: equal to 1e-6", difference < 1e-6, f"{answers[0]}, not {expected} ({own})")
        print(f"      the largest difference: {worst:.2g}")


if __name__ == "__main__":
    run(main, __doc__)
