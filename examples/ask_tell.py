"""Searches from Python, with nothing but its standard library: python3 examples/ask_tell.py [OPTIMIZE]

Stop it whenever you like; run again, it goes on with the trials that are still pending."""
import json, subprocess, sys

with open("ask_tell.toml", "w") as file:
    file.write('[budget]\ntrials = 30\n[[objective]]\nmetric = "error"\ngoal = "minimize"\n[[objective]]\nmetric = "energy"\n'
               'goal = "minimize"\n[space]\nlearning_rate = { float = [1e-4, 1.0], scale = "log" }\nwidth = { int = [4, 256] }\n')
optimizer = subprocess.Popen([*(sys.argv[1:2] or ["optimize"]), "ask-tell", "ask_tell.toml"], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)

def call(**request):  # every answer is one line; one with "error" says why nothing was done
    try:
        print(json.dumps(request), file=optimizer.stdin, flush=True)
        answer = json.loads(optimizer.stdout.readline() or "null")
    except BrokenPipeError:
        answer = None
    if answer is None:
        sys.exit(f"optimize ended (exit code {optimizer.wait()}); its last words stand above")
    return answer

def must(**request):
    answer = call(**request)
    return answer if "error" not in answer else sys.exit(answer["error"])

def train(learning_rate, width):  # your training, which returns its metrics
    return {"error": (learning_rate - 0.03) ** 2 + 1 / width, "energy": 0.5 * width}

def evaluate(trial):
    try:
        outcome = {"metrics": train(**trial["params"])}
    except Exception as error:  # out of memory, a loss that is NaN, ...: the search learns to stay away
        outcome = {"failed": f"{type(error).__name__}: {error}"}
    answer = call(op="tell", id=trial["id"], **outcome)
    for word in ("failed", "dropped"):  # what was told and is no outcome, or no part of one
        if word in outcome or word in answer:
            print(f"trial {trial['id']} {word}: {outcome.get(word) or answer[word]}", file=sys.stderr)
    if "error" in answer:  # such as a metric under another name: mend that; and the trial must not wait for ever
        must(op="tell", id=trial["id"], failed=answer["error"])
        sys.exit(answer["error"])

trials = must(op="pending")["trials"] or must(op="ask")["trials"]
while trials:
    for trial in trials:
        evaluate(trial)
    trials = must(op="ask")["trials"]
for trial in must(op="front")["front"]:
    print(trial["params"], trial["metrics"])
must(op="quit")
