"""
Random stories of a few entities (oracle_author.py): every write, question, look and restart is done to the server and to the model of
write_oracle.py, oracle_views.py and oracle.py; answers, and the whole state at the end, must be the same. A difference is made as
short as it gets, then told as commands.

CARDO_SEED, CARDO_SEQUENCES: other stories, more of them; half are played with an index for every question, half without. For a night:

    CARDO_SEED=1000000 CARDO_SEQUENCES=100000 python3 -m pytest -q tests/functional/test_write_oracle.py
"""
import json
import os
import signal

import oracle
import oracle_checks as c
import write_oracle as w
from oracle_author import Author

TENANTS = ("one", "two")

class Player:
    def __init__(self, server):
        self.server, self.steps = server, 0
        self.client = c.Client(server)
        for tenant in TENANTS:
            self.client.call("POST", ["entities"], None, {"id": "urn:e:1", "type": "T"}, {"NGSILD-Tenant": tenant})

    def clean(self):
        for tenant in (None, *TENANTS):
            head = {"NGSILD-Tenant": tenant} if tenant else {}
            assert self.client.call("DELETE", ["entities"], {"local": "true"}, None, head)[0] == 204

    def restart(self, how):
        self.client.http.close()
        code = self.server.stop(signal.SIGKILL if how == "kill" else signal.SIGTERM)
        assert how == "kill" or code == 0
        self.server.start()

    def play(self, story):
        """What differs, in words; None when nothing does."""
        self.clean()
        model, times = w.Model(TENANTS), {}
        try:
            for step in story:
                self.steps += 1
                if "restart" in step:
                    self.restart(step["restart"])
                else:
                    c.check_step(self.client, model, step)
            c.check_state(self.client, model, times)
        except c.Difference as d:
            return str(d)
        return None

# ---- shorter stories ----

def parts(value):
    """The value with one thing less, everywhere that is possible."""
    if isinstance(value, dict):
        for k in value:
            yield {i: v for i, v in value.items() if i != k}
        for k, v in value.items():
            for less in parts(v):
                yield {**value, k: less}
    elif isinstance(value, list):
        for k in range(len(value)):
            if len(value) > 1:
                yield value[:k] + value[k + 1:]
            for less in parts(value[k]):
                yield value[:k] + [less] + value[k + 1:]

def without(step, *names):
    return {n: v for n, v in step.items() if n not in names}

def smaller(step):
    for names in (("context", "ld"), ("ld",), ("tenant",), ("post",), ("type",)):
        if any(step.get(n) for n in names):
            yield without(step, *names)
    if "question" in step:
        for less in oracle.smaller(step["question"]):
            yield {**step, "question": less}
    for name in step.get("view", {}):
        if name != "join" or "{" not in json.dumps(step["view"]):
            yield {**step, "view": without(step["view"], name)}
    for less in parts(step.get("params", {})):
        yield {**step, "params": less}
    for less in parts(step.get("body")):
        yield {**step, "body": less}

def shorter(story):
    size = len(story)
    while size >= 1:
        for k in range(0, len(story), size):
            yield story[:k] + story[k + size:]
        size //= 2
    for k, step in enumerate(story):
        for less in smaller(step):
            yield story[:k] + [less] + story[k + 1:]

def shrink(story, differs):
    """The shortest that still differs: as long as something smaller does, go on from there."""
    found = True
    while found:
        found = False
        for less in shorter(story):
            if less and differs(less):
                story, found = less, True
                break
    return story

def tell(story, why, seed):
    told = [c.curl(step) if "method" in step else json.dumps(step, ensure_ascii=False) for step in story]
    return f"seed {seed}:\n" + "\n".join(told) + f"\n{why}"

def differences(player, seeds, most=1):
    found = []
    for seed in seeds:
        story = Author(seed).life_story()
        why = player.play(story)
        if why is None:
            continue
        story = shrink(story, lambda less: player.play(less) is not None)
        found.append(tell(story, player.play(story) or "not always: " + why, seed))
        if len(found) == most:
            break
    return found

def write_context(folder):
    folder.mkdir()
    (folder / "oracle.jsonld").write_text(json.dumps({"@context": w.CONTEXT}))
    (folder / "index.json").write_text(json.dumps({w.CONTEXT_URL: "oracle.jsonld"}))
    return str(folder)

def test_random_stories(make_server, tmp_path, capsys):
    seed, stories = int(os.environ.get("CARDO_SEED", "1")), int(os.environ.get("CARDO_SEQUENCES", "400"))
    contexts, steps = write_context(tmp_path / "contexts"), 0
    for k, worth in enumerate(("1", "1000000000")):
        player = Player(make_server("--contexts", contexts, "--index-worth", worth, "--loops", "1", name="worth" + worth).start())
        found = differences(player, range(seed + k, seed + stories, 2), int(os.environ.get("CARDO_MOST", "1")))
        assert player.server.stop() == 0
        steps += player.steps
        assert not found, "\n\n".join(found)
    with capsys.disabled():
        print(f"\n{stories} stories, {steps} steps")
