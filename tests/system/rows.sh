#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Densities, samples, log-determinants and inverses of one trained model, against numbers computed otherwise
# by NumPy; rows that fail, and files that are odd.
set -u
. "${srcdir:-.}/tests/system/common.sh"

python=${PYTHON3:-python3}
"$python" -c 'import numpy' 2>/dev/null || exit 77
write_spec toy 'train: {epochs: 3, batch: 64}
precision: double'
"$gpfc" --quiet toy.yaml || exit 1
expect 0 '' ./toy train --quiet --out run

"$python" - <<'END' || exit 1
import numpy as np
n = 160
axis = (np.arange(n) + 0.5) / n * 16 - 8
np.save("grid.npy", np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2))
x = np.random.default_rng(1).normal(size=(40, 2)) * 3
np.save("x.npy", x)
np.save("near.npy", np.concatenate([x + s * 1e-4 * np.eye(2)[i] for i in (0, 1) for s in (1, -1)]))
np.save("half.npy", x.astype("f2"))
np.save("half_as_double.npy", x.astype("f2").astype("f8"))
np.savez("several.npz", other=np.zeros(3), y=x, x=2 * x)
np.save("bad.npy", np.array([[0, 0], [1e300, 1], [np.nan, 0], [1, 1]]))
np.save("none.npy", np.zeros((0, 2)))
np.save("one.npy", x[:1])
END

# ---- densities
expect 0 '' ./toy density run grid.npy grid_p.npy
expect 0 '' ./toy density run x.npy p.npy
expect 0 '' ./toy apply run x.npy s.npz --part both --logdet
expect 0 '' ./toy apply run x.npy y.npy --part base
expect 0 '' ./toy apply run near.npy near_s.npy --part both

# ---- and with one column
cat >line.yaml <<END
name: line
dimension: 1
data: {samples: line.npy}
base: {kind: mixture, components: 3, iterations: 10}
END
"$python" - <<'END'
import numpy as np
x = np.random.default_rng(1).normal(size=(600, 1))
np.save("line.npy", x * 0.1 + np.sign(x))
np.save("line_grid.npy", (np.arange(4000)[:, None] + 0.5) / 1000 - 2)
END
"$gpfc" --quiet line.yaml || exit 1
expect 0 '' ./line train --quiet --out line.run
expect 0 '' ./line density line.run line_grid.npy line_p.npy
"$python" -c 'import numpy as np
assert np.all(abs(np.exp(np.load("line_p.npy")).sum(0) / 1000 - 1) < 1e-3)' || fault "density of one column"

# ---- samples
for seed in 1 2; do
    expect 0 '' ./toy sample run 500 "sample$seed.npy" --seed "$seed" --threads 1
done
expect 0 '' ./toy sample run 500 again.npy --seed 1 --threads 4
same sample1.npy again.npy
cmp -s sample1.npy sample2.npy && fault "two seeds give the same samples"
expect 0 '' ./toy apply run sample1.npy noise.npy --part both

# ---- each row measured
expect 0 '' ./toy evaluate run --rows rows.npy --json
cp out evaluate.json

"$python" - <<'END' || fault "numbers"
import json
import numpy as np

# The integral over a square that holds nearly all of the density.
p = np.load("grid_p.npy")
assert np.all(abs(np.exp(p).sum(0) * 0.1**2 - 1) < 2e-3), np.exp(p).sum(0) * 0.1**2

# The mixture in closed form, by the numbers of the model file.
raw = open("run/model.safetensors", "rb").read()
size = int.from_bytes(raw[:8], "little")
head = json.loads(raw[8:8 + size])
def tensor(name):
    a, b = head[name]["data_offsets"]
    return np.frombuffer(raw[8 + size + a:8 + size + b], "f8").reshape(head[name]["shape"])
x = np.load("x.npy")
z, scale = x, np.zeros(1)
if "data.mean" in head:
    z, scale = (x - tensor("data.mean")) / tensor("data.scale"), np.log(tensor("data.scale"))
parts = []
for w, m, c in zip(tensor("base.weights"), tensor("base.means"), tensor("base.covariances")):
    gap = z - m
    parts.append(np.log(w) - 0.5 * np.einsum("ni,ij,nj->n", gap, np.linalg.inv(c), gap)
                 - 0.5 * np.log(np.linalg.det(2 * np.pi * c)))
closed = np.logaddexp.reduce(parts) - scale.sum()
p = np.load("p.npy")
assert np.allclose(p[:, 0], closed, rtol=1e-11, atol=1e-11), abs(p[:, 0] - closed).max()

# Finite differences of apply give its log-determinant, up to the accuracy of f where it is flat; with it, the
# density after s.
s = np.load("s.npz")
near = np.load("near_s.npy").reshape(2, 2, -1, 2)
slopes = (near[:, 0] - near[:, 1]) / 2e-4
logdet = np.log(abs(slopes[0, :, 0] * slopes[1, :, 1] - slopes[0, :, 1] * slopes[1, :, 0]))
assert np.allclose(s["logdet"], logdet, atol=1e-4), abs(s["logdet"] - logdet).max()
normal = -0.5 * (s["s"] ** 2).sum(1) - np.log(2 * np.pi)
assert np.allclose(p[:, 1], normal + s["logdet"], atol=1e-12)
# s keeps N(0, I), up to its time steps.
assert abs(p[:, 1] - p[:, 0]).max() < 0.05, abs(p[:, 1] - p[:, 0]).max()

noise = np.load("noise.npy")
assert abs(noise.mean(0)).max() < 0.2 and abs(np.cov(noise.T) - np.eye(2)).max() < 0.3

rows, means = np.load("rows.npy"), json.load(open("evaluate.json"))
for i, key in ((6, "cost_before"), (7, "cost_after"), (8, "energy"), (10, "nll_before")):
    mean = rows[:, i].mean()
    assert abs(mean - means[key]) < 1e-7 * max(1, abs(mean)), (key, mean, means[key])
END

# ---- rows that fail
expect 2 'is not a number' ./toy invert run bad.npy out.npy --part base
nothing_left out.npy
expect 1 'rows failed' ./toy invert run bad.npy out.csv --part base --nan --strict --report list.csv
grep -q '^2,inf,not finite$' list.csv && grep -q '^1,' list.csv || fault "list: $(cat list.csv)"
test "$(grep -c '^nan,nan$' out.csv)" = 2 && test "$(wc -l <out.csv)" = 5 || fault "rows: $(cat out.csv)"
expect 0 'rows failed' ./toy invert run bad.npy out.csv --part base --nan

# ---- inverses far out, with few time steps: each row is within the tolerance, or marked
cat >ten.yaml <<END
name: ten
dimension: 10
data: {pairs: ten.npz}
flow: {hidden: [16], steps: 4, start: identity}
train: {epochs: 10, batch: 100, init_hidden: 1}
END
"$python" - <<'END'
import numpy as np
draw = np.random.default_rng(1)
y = draw.normal(size=(2000, 10)).astype("f4")
z = np.roll(y, 1, 1) * np.where(np.arange(10) % 2, 1, -1)
np.savez("ten.npz", x=np.sign(z) * abs(z) ** 1.5, y=y)
s = draw.normal(size=(3000, 10))
length = np.array([4, 8, 40])[np.arange(3000) % 3]
np.save("far.npy", (s / np.linalg.norm(s, axis=1)[:, None] * length[:, None]).astype("f4"))
END
"$gpfc" --quiet ten.yaml || exit 1
expect 0 '' ./ten train --quiet --out ten.run --threads 1
expect 0 '' ./ten invert ten.run far.npy far_y.npy --report far.csv
expect 0 '' ./ten apply ten.run far_y.npy far_s.npy
"$python" - <<'END' || fault "inverses far out"
import numpy as np
s, image = np.load("far.npy"), np.load("far_s.npy")
gap = abs(image - s).max(1) / np.maximum(1, abs(s).max(1))
marked = np.zeros(len(s), bool)
for line in open("far.csv").read().split("\n")[1:-1]:
    row, error, reason = line.split(",")
    marked[int(row)] = True
    assert reason == "not converged" and float(error) > 1e-3, line
assert np.all(gap[~marked] < 1.001e-3) and np.all(gap[marked] > 0.999e-3)  # two kernels' rounding
assert marked[0::3].sum() < 50 and marked[2::3].sum() > 0, marked.reshape(-1, 3).sum(0)  # |s| = 4, 40
END

# ---- odd files
expect 0 '' ./toy apply run half.npy half_s.npy
expect 0 '' ./toy apply run half_as_double.npy whole_s.npy
same half_s.npy whole_s.npy
expect 0 '' ./toy apply run several.npz several.npy
expect 0 '' ./toy apply run x.npy single.npy --threads 1
expect 0 '' ./toy apply run x.npy four.npy --threads 4
same single.npy several.npy
same single.npy four.npy
for command in apply invert density; do
    expect 0 '' ./toy $command run none.npy none_out.npy
    expect 0 '' ./toy $command run one.npy one_out.npy
    expect 2 'is both' ./toy $command run one.npy one.npy
    expect 1 'Is a directory' ./toy $command run one.npy run
done
expect 2 'no place for a logdet' ./toy apply run one.npy one_out.npy --logdet
expect 2 'at least 1' ./toy sample run 0 out.npy
expect 0 '' sh -c './toy apply run - - --logdet --format csv <x.npy >stream.csv'
test "$(head -1 stream.csv)" = s1,s2,logdet || fault "standard streams: $(head -1 stream.csv)"

# ---- a command that is ended leaves nothing half-written
for signal in INT TERM HUP; do
    case $signal in INT) code=130 ;; TERM) code=143 ;; HUP) code=129 ;; esac
    mkfifo "in.$signal.csv"
    env --default-signal=INT ./toy apply run "in.$signal.csv" ended.npz 2>err &
    child=$!
    { yes 0.5,1 2>/dev/null | head -20000; exec sleep 20; } >"in.$signal.csv" &
    feeder=$!
    tries=0
    until set -- .ended.npz.*.part && test -e "$1" || test $((tries += 1)) -gt 500; do sleep 0.02; done
    kill -s $signal $child 2>/dev/null
    wait $child
    got=$?
    checks=$((checks + 1))
    test $tries -le 500 || fault "nothing was written before SIG$signal: $(cat err)"
    test $got = $code || fault "SIG$signal: exit status $got"
    nothing_left ended.npz .ended.npz.*
    kill $feeder 2>/dev/null
done
finish 49
