"""Searches from Python, with nothing but its standard library: python3 examples/ask_tell.py [OPTIMIZE]

Stop it whenever you like; run again, it goes on with the trials that are still pending."""
import json, subprocess, sys

with open("ask_tell.toml", "w") as file:
    file.write('[budget]\ntrials = 30\n[[objective]]\nmetric = "error"\ngoal = "minimize"\n[[objective]]\nmetric = "energy"\n'
               'goal = "minimize"\n[space]\nlearning_rate = { float = [1e-4, 1.0], scale = "log" }\nwidth = { int = [4, 256] }\n')
optimizer = subprocess.Popen([*(sys.argv[1:2] or ["optimize"]), "ask-tell", "ask_tell.toml"], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)

def call(**request):
    print(json.dumps(request), file=optimizer.stdin, flush=True)
    return json.loads(optimizer.stdout.readline())

def train(learning_rate, width):  # your training, which returns its metrics
    return {"error": (learning_rate - 0.03) ** 2 + 1 / width, "energy": 0.5 * width}

trials = call(op="pending")["trials"] or call(op="ask")["trials"]
while trials:
    for trial in trials:
        call(op="tell", id=trial["id"], metrics=train(**trial["params"]))
    trials = call(op="ask")["trials"]
for trial in call(op="front")["front"]:
    print(trial["params"], trial["metrics"])
call(op="quit")
