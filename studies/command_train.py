"""A training program for studies/command.toml: logistic regression on two noisy spirals, with nothing but Python.

What a program must do to be optimized:

* take its settings from its arguments (or from the environment variables WATTFRONT_<PARAMETER>);
* print one JSON object on a line of its own with the final metrics;
* end with exit code 0, or with another one if the training failed.

It may also print a JSON object with "step" in it after every epoch, which is kept with the trial; mark with
`{"begin": "trial"}` and `{"end": "trial"}` what is to be metered, else all it does from start to end is ("at" tells the
moment to the microsecond; without it the moment of reading counts, some milliseconds late on a busy machine); and say which
hardware it uses: `{"device": "cpu"}`, or the UUIDs of GPUs. Without that every metered GPU counts, even if it only idles.
"""

import argparse
import json
import math
import random
import sys
import time

TURNS = 2.5  # half turns of each spiral
NOISE = 0.05


def make_spirals(count, rng):
    """Points on two spirals, one class each, as features of a linear model."""
    samples = []
    for i in range(count):
        label = i % 2
        radius = rng.uniform(0.1, 1.0)
        angle = TURNS * math.pi * radius + math.pi * label
        x = radius * math.cos(angle) + rng.gauss(0.0, NOISE)
        y = radius * math.sin(angle) + rng.gauss(0.0, NOISE)
        samples.append((features(x, y), label))
    return samples


def features(x, y):
    """Directions, weighted with powers of the distance from the centre: enough for a linear model to bend around."""
    radius = math.hypot(x, y)
    values = [1.0]
    for power in range(6):
        weight = radius**power / max(radius, 1e-9)
        values += [x * weight, y * weight]
    return values


def probability(weights, inputs):
    score = sum(w * v for w, v in zip(weights, inputs))
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))


def accuracy(weights, samples):
    right = sum((probability(weights, inputs) > 0.5) == (label == 1) for inputs, label in samples)
    return right / len(samples)


def train_epoch(weights, velocity, samples, options):
    """One pass of stochastic gradient descent; returns the mean loss."""
    loss = 0.0
    for start in range(0, len(samples), options.batch_size):
        batch = samples[start : start + options.batch_size]
        gradient = [0.0] * len(weights)
        for inputs, label in batch:
            p = probability(weights, inputs)
            loss -= math.log(max(p if label == 1 else 1.0 - p, 1e-12))
            for i, v in enumerate(inputs):
                gradient[i] += (p - label) * v / len(batch)
        for i, g in enumerate(gradient):
            velocity[i] = options.momentum * velocity[i] - options.learning_rate * g
            weights[i] += velocity[i]
    return loss / len(samples)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--momentum", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(json.dumps({"device": "cpu"}), flush=True)

    # The data is the same in every trial, so that trials can be compared; only the order of training depends on the seed.
    data = make_spirals(3000, random.Random(0))
    training, validation = data[:2000], data[2000:]
    rng = random.Random(options.seed)
    weights = [0.0] * len(data[0][0])
    velocity = [0.0] * len(weights)
    # Only what follows is the trial's energy, not the start of Python and the making of the data.
    print(json.dumps({"begin": "trial", "at": time.monotonic()}), flush=True)
    for epoch in range(1, options.epochs + 1):
        rng.shuffle(training)
        loss = train_epoch(weights, velocity, training, options)
        if not math.isfinite(loss):
            sys.exit("the loss is no longer a number")  # the trial fails, the study goes on
        # A report of this step; flushed, so that it is seen while the training runs.
        print(json.dumps({"step": epoch, "loss": loss, "accuracy": accuracy(weights, validation)}), flush=True)
    print(json.dumps({"end": "trial", "at": time.monotonic()}), flush=True)
    # The metrics of the trial: a JSON object without "step".
    print(json.dumps({"accuracy": accuracy(weights, validation), "loss": loss}))


if __name__ == "__main__":
    main()
