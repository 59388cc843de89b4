#!/bin/sh
# Records our own runs on all problems, two at a time: record.sh BINARY OUT.jsonl
# gp, random and sobol with the seeds 0 to 9, 60 trials each. PYTHON names the interpreter; runs already in OUT are left out.
set -eu
[ $# -eq 2 ] || { echo "usage: record.sh BINARY OUT.jsonl" >&2; exit 2; }
binary=$(realpath "$1")
out=$(realpath "$2")
cd "$(dirname "$0")"
python=${PYTHON:-python3}
problems="branin_currin dtlz2 zdt2_d5 zdt1_d10 vehicle_safety branin_currin_noisy c2_dtlz2 training_clean training_noisy
crashing heteroscedastic"
touch "$out"
for seed in 0 1 2 3 4 5 6 7 8 9; do
    for problem in $problems; do
        for sampler in gp random sobol; do
            peer=wattfront
            [ "$sampler" = gp ] || peer=wattfront-$sampler
            grep -q "\"peer\": \"$peer\", \"problem\": \"$problem\", \"seed\": $seed, \"n\": 60" "$out" ||
                echo "$problem $seed 60 $out $sampler"
        done
    done
done | xargs -P 2 -L 1 "$python" wattfront.py "$binary"
