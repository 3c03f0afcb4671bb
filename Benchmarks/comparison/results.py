"""Measurements as they are kept: one JSON file, whole after every measurement."""

import json
import os
import pathlib
import statistics

FORMAT = 1


class Results:
    """What was measured on one machine, so that a run goes on where it stopped."""

    def __init__(self, path, machine=None, is_fresh=False):
        self.path = pathlib.Path(path)
        self.data = {"format": FORMAT, "machine": machine or {}}
        self.data |= {"engines": {}, "models": {}, "variants": {}, "runs": []}
        if self.path.exists() and not is_fresh:
            self.data = json.loads(self.path.read_text(encoding="utf-8"))
            self._check(machine)

    def _check(self, machine):
        if self.data.get("format") != FORMAT:
            raise SystemExit(f"compare: {self.path} is of another version of this program: start anew with --fresh")
        known = self.data["machine"].get("cpu")
        if machine and known and known != machine["cpu"]:
            raise SystemExit(
                f"compare: {self.path} has results of another machine ({known}): start anew with --fresh, or give "
                "another --results"
            )
        if machine and not known:
            self.data["machine"] = machine

    def save(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(self.path.name + ".new")
        beside.write_text(json.dumps(self.data, indent=1) + "\n", encoding="utf-8")
        os.replace(beside, self.path)

    def find(self, round_number, engine, model, test, threads):
        """The run with these, or None."""
        wanted = (round_number, engine, model, test, threads)
        return next((run for run in self.data["runs"] if self._key(run) == wanted), None)

    @staticmethod
    def _key(run):
        return (run["round"], run["engine"], run["model"], run["test"], run["threads"])

    def add(self, **run):
        self.data["runs"].append(run)
        self.save()

    def values(self, engine, model, test, threads, name="value"):
        """The values of all rounds, by round."""
        return {
            run["round"]: run[name]
            for run in self.data["runs"]
            if self._key(run)[1:] == (engine, model, test, threads) and run.get(name) is not None
        }

    def median(self, engine, model, test, threads, name="value"):
        """The median of all rounds, or None where there is none."""
        values = self.values(engine, model, test, threads, name).values()
        return statistics.median(values) if values else None

    def ratio(self, engine, peer, model, test, threads):
        """The median of the rounds' ratios of an engine's value to a peer's, or None."""
        ours, theirs = (self.values(name, model, test, threads) for name in (engine, peer))
        ratios = [ours[number] / theirs[number] for number in ours if theirs.get(number)]
        return statistics.median(ratios) if ratios else None

    def limit(self, name, threads):
        """The median of a limit of the machine over all rounds, or None."""
        values = self.values("limits", "", name, threads).values()
        return statistics.median(values) if values else None

    def limit_names(self):
        """The limits that were measured, in the order in which they were."""
        return list(dict.fromkeys(run["test"] for run in self.data["runs"] if run["engine"] == "limits"))

    def threads(self):
        return sorted({run["threads"] for run in self.data["runs"] if run["engine"] != "limits"})

    def tests(self):
        return {run["test"] for run in self.data["runs"]}

    def engines(self):
        return list(self.data["engines"])
