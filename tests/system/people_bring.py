#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Data of the kinds that people bring, given to real trainers: each is read, warned of or refused, with the
right words and numbers. Three trainers take all of it; inputs are made here, without numpy.
"""
import csv
import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile
import zipfile

GPFC = os.path.abspath(os.environ.get("GPFC") or "gpfc")
SPECS = {"plane": "dimension: 2\ndata: {samples: normal.npy}\nbase: {kind: bnaf, hidden: [8], epochs: 600}\n"
                  "flow: {hidden: [6], steps: 3}\ntrain: {epochs: 2}\n",
         "space": "dimension: 3\ndata: {samples: normal.npy}\nbase: {kind: bnaf, hidden: [6], epochs: 3}\n"
                  "flow: {hidden: [6], steps: 3}\ntrain: {epochs: 2}\n",
         "auto": "dimension: 2\ndata: {pairs: auto.npz}\nflow: {hidden: [20], steps: 3}\n"}
ROWS = 1500
NAN, INF = float("nan"), float("inf")
draw = random.Random(0)
faults = []
checks = 0


def check(good, said):
    global checks
    checks += 1
    if not good:
        faults.append(said)
        print("fault:", said)


def near(a, b, within):
    return a is not None and abs(a - b) <= within


# ---- files ------------------------------------------------------------------------------------------------

def npy(rows, code="d", order="<", fortran=False):
    """The bytes of an .npy of rows, or of a list of numbers."""
    flat = rows if not isinstance(rows[0], (list, tuple)) else None
    n, d = len(rows), 0 if flat else len(rows[0])
    columns_first = [row[k] for k in range(d) for row in rows] if fortran else None
    numbers = flat or columns_first or [v for row in rows for v in row]
    kind = {"d": "f8", "f": "f4", "e": "f2", "i": "i4", "q": "i8", "B": "u1"}[code]
    head = "{'descr': '%s%s', 'fortran_order': %s, 'shape': (%d,%s), }" % (
        "|" if code == "B" else order, kind, fortran, n, "" if flat else " %d" % d)
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    values = numbers if code in "dfe" else [int(v) for v in numbers]
    return (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() +
            struct.pack("%s%d%s" % (order, len(numbers), code), *values))


def write(name, data):
    with open(name, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def write_npz(name, **arrays):
    with zipfile.ZipFile(name, "w") as file:
        for key, rows in arrays.items():
            file.writestr(key + ".npy", npy(rows))


def read_table(name):
    with open(name, newline="") as file:
        return list(csv.reader(file))


def read_npy(name):
    """Rows of a two-dimensional array of little-endian floats in C order."""
    with open(name, "rb") as file:
        data = file.read()
    start = 10 + struct.unpack("<H", data[8:10])[0]
    head = data[10:start].decode()
    width = int(head.split("'shape': (")[1].split(")")[0].split(",")[1])
    size, code = (4, "f") if "<f4" in head else (8, "d")
    numbers = struct.unpack("<%d%s" % ((len(data) - start) // size, code), data[start:])
    return [numbers[i:i + width] for i in range(0, len(numbers), width)]


# ---- programs ---------------------------------------------------------------------------------------------

def run(*words, given=b"", folder=None):
    done = subprocess.run(words, input=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder,
                          check=False)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def expect(status, said, *words, **options):
    """Runs a command, which must end with this status and print these words; what it printed."""
    code, out, err = run(*words, **options)
    text = " ".join((out.decode(errors="replace") + err).split())
    check(code == status, "%s: exit status %d, not %d: %s" % (" ".join(words), code, status, err[:300]))
    for part in [said] if isinstance(said, str) else said:
        check(part in text, "%s: no '%s' in: %s" % (" ".join(words), part, text[:600]))
    return out


def look(trainer, name, *options):
    """What check reports of a file: an object with findings by their kind."""
    out = run("./" + trainer, "check", name, "--json", *options)[1]
    result = json.loads(out) if out else {"findings": [], "rows": 0}
    result["found"] = {one["kind"]: one for one in result["findings"]}
    result["warned"] = {one["kind"] for one in result["findings"] if one["level"] != "note"}
    return result


# ---- samples that mean nothing, or little -----------------------------------------------------------------

def normal(d, n=ROWS, scale=1.0):
    return [[draw.gauss(0, scale) for _ in range(d)] for _ in range(n)]


def with_column(rows, k, of):
    """A copy with another column k: of(row's number, row)."""
    return [row[:k] + [of(i, row)] + row[k + 1:] for i, row in enumerate(rows)]


def degenerate(g):
    """name: rows, then kind: columns of all that must be warned of."""
    n = len(g)
    index = draw.sample(range(n), n)
    return {
        "normal": (g, {}),
        "constant_column": (with_column(g, 1, lambda i, row: 7.0), {"constant": [2]}),
        "nearly_constant": (with_column(g, 1, lambda i, row: 7 + 1e-12 * row[1]), {}),
        "collinear": (with_column(g, 2, lambda i, row: row[0] + row[1]), {"collinear": [1, 2, 3]}),
        "equal_columns": (with_column(g, 2, lambda i, row: row[0]), {"equal_columns": [1, 3]}),
        "shares": ([[v / sum(map(abs, row)) for v in map(abs, row)] for row in g], {"collinear": [1, 2, 3]}),
        "each_row_often": ([g[i // 50] for i in range(n)], {"duplicate_rows": [], "in_both_sets": []}),
        "all_rows_equal": ([g[0]] * n, {"equal_rows": []}),
        "one_row": (g[:1], {"one_row": []}),
        "few_rows": (g[:40], {"few_rows": []}),
        "counts": ([[float(int(abs(3 * v))) for v in row] for row in g], {"discrete": [1, 2, 3]}),
        "zero_one": ([[float(v > 0) for v in row] for row in g], {"discrete": [1, 2, 3]}),
        "cut_off": ([[max(0.0, v) for v in row] for row in g], {"repeated_value": [1, 2, 3]}),
        "row_numbers": (with_column(g, 0, lambda i, row: i), {"row_number": [1]}),
        "shuffled_index": (with_column(g, 0, lambda i, row: index[i]), {"row_number": [1]}),
        "one_outlier": ([[1e6] * 3] + g[1:], {"outlying": [1, 2, 3]}),
        "sentinel": (with_column(g, 1, lambda i, row: -999.0 if i % 40 == 3 else row[1]), {"sentinel": [2]}),
        "heavy_tails": ([[v / abs(draw.gauss(0, 1)) ** 1.5 for v in row] for row in g],
                        {"heavy_tailed": [], "outlying": []}),
        "too_large": ([[1e30, 0, 0]] + g[1:], {"too_large": [1]}),
    }


def try_degenerate(g):
    for name, (rows, wanted) in degenerate(g).items():
        write(name + ".npy", npy(rows))
        result = look("space", name + ".npy")
        if name == "heavy_tails":
            check(result["warned"] and result["warned"] <= set(wanted), "%s: %s" % (name, result["warned"]))
            continue
        check(result["warned"] == set(wanted), "%s: %s" % (name, sorted(result["warned"])))
        for kind, columns in wanted.items():
            got = sorted(result["found"].get(kind, {"columns": None})["columns"] or [])
            check(got == columns, "%s: columns %s of %s" % (name, got, kind))


def try_trainings():
    """What is wrong is said before the training; what has nothing to learn is refused, and leaves nothing."""
    for name, said in (("all_rows_equal", "all 1,500 rows are the same"), ("one_row", "there is one row"),
                       ("too_large", "1e+30, whose square overflows")):
        expect(2, said, "./space", "train", "--data", name + ".npy", "--out", "refused")
        check(not os.path.exists("refused"), name + ": left a folder behind")
    expect(0, ("constant, column 2: 7 in every row", "the likelihood means nothing", "drop the column"),
           "./space", "train", "--data", "constant_column.npy", "--out", "constant")
    out = expect(0, "outliers, columns 1, 2, 3: 1e+06", "./space", "train", "--data", "one_outlier.npy",
                 "--out", "outlier")
    check(b"outliers" in out.split(b"base flow negative")[0], "the outlier is told after the training")


# ---- pairs ------------------------------------------------------------------------------------------------

def pairs():
    y = normal(2, 2000)
    x = [[math.exp(0.6 * a) + 3 + 0.3 * b, 2 * math.exp(0.6 * b) - 1] for a, b in y]
    half = len(y) // 2
    shuffled = draw.sample(y, len(y))
    return {
        "right": (x, y, set()),
        "y_uniform": (x, [[draw.random(), draw.random()] for _ in y], {"not_normal", "unrelated"}),
        "y_shuffled": (x, shuffled, {"unrelated"}),
        "y_of_the_next_row": (x, y[1:] + y[:1], {"unrelated"}),
        "y_shuffled_from_half_on": (x, y[:half] + draw.sample(y[half:], half), {"partly_unrelated"}),
        "y_shuffled_in_a_tenth": (x, draw.sample(y[:200], 200) + y[200:], {"partly_unrelated"}),
        "y_times_3": (x, [[3 * a, 3 * b] for a, b in y], {"scaled"}),
        "y_correlated": (x, [[a, 0.8 * a + 0.6 * b] for a, b in y], {"scaled"}),
        "swapped": (y, x, {"swapped"}),
        "y_cut_off": (x, [[min(a, 2), b] for a, b in y], {"repeated_latent"}),
        "y_constant": (x, [[0.0, b] for _, b in y], {"constant_latent"}),
        "y_is_x": (x, x, {"same_latent", "not_normal"}),
    }


def try_pairs():
    for name, (x, y, wanted) in pairs().items():
        write_npz("pairs.npz", x=x, y=y)
        warned = look("plane", "pairs.npz")["warned"]
        check(warned == wanted, "pairs, %s: %s" % (name, sorted(warned)))
        if name == "y_times_3":
            expect(0, ("y shifted, scaled or correlated: normal", "let f end by standardising y"), "./plane",
                   "train", "--data", "pairs.npz", "--out", "pairs")
    x, y, _ = pairs()["right"]
    write_npz("optimal.npz", x=[[a + 0.001, b] for a, b in y], y=y)
    expect(0, "no better than no map at all trained for", "./plane", "train", "--data", "optimal.npz",
           "--out", "optimal")
    x[7][0], y[9][1] = NAN, INF
    write_npz("gaps.npz", x=x, y=y)
    expect(2, "gaps.npz: x: row 7, column 0 is not a number", "./plane", "train", "--data", "gaps.npz")
    result = json.loads(expect(0, "", "./plane", "train", "--data", "gaps.npz", "--missing", "drop", "--out",
                               "gaps", "--json"))
    check(result["rows_dropped"] == 2, "gaps: %s rows dropped" % result["rows_dropped"])
    seen = look("plane", "gaps.npz", "--missing", "drop")
    check(seen["rows"] == 1998 and seen["rows_dropped"] == 2, "gaps: rows of check")


# ---- how long ---------------------------------------------------------------------------------------------

def try_auto_epochs():
    """Where there is nothing to learn but the rows themselves, a training ends before its time, and says
    where the best was."""
    y = normal(2, 5000)
    write_npz("auto.npz", x=[[v + draw.gauss(0, 2) for v in row] for row in y], y=y)
    out = expect(0, "best validation cost", "./auto", "train", "--out", "auto.run", "--threads", "1")
    check(b"% below it" in out, "a training by heart is not told: %s" % out.decode()[-900:])
    result = json.loads(expect(0, "", "./auto", "train", "--out", "auto.json", "--threads", "1", "--json"))
    best, end, steps = result["best_step"], result["step"], result["steps"]
    check(best < end < steps, "epochs: auto: best at %s, ended at %s of %s" % (best, end, steps))
    check(result["validation_cost"] > result["train_cost"], "best cost: %s" % result["validation_cost"])
    check("at step %d of %d" % (best, end) in out.decode().replace(",", ""), "text and JSON differ")


# ---- sampling ---------------------------------------------------------------------------------------------

def try_wide_normal():
    """Every z has a preimage, and what has none in reach is marked."""
    z = normal(2, 20000)
    write("wide.npy", npy(normal(2, 5000, 25)))
    write("z.npy", npy(z, "f"))
    expect(0, "", "./plane", "train", "--quiet", "--data", "wide.npy", "--out", "wide")
    expect(0, "", "./plane", "invert", "--part=both", "--strict", "wide", "z.npy", "x.npy")
    x = read_npy("x.npy")
    for k in range(2):
        deviation = math.sqrt(sum(row[k] ** 2 for row in x) / len(x))
        check(near(deviation, 25, 1), "samples of deviation 25: %.3f" % deviation)
    farthest = max(abs(v) for row in x for v in row)
    check(len(x) == 20000 and farthest < 150, "the farthest of %d samples: %.1f" % (len(x), farthest))
    write("far.csv", "a,b\n0.1,0.2\n1,1e30\n-1e30,0.3\n")
    expect(1, ("2 of 3 rows", "out of range"), "./plane", "invert", "--part=both", "--strict", "--report",
           "failed.csv", "wide", "far.csv", "x.csv")
    rows = read_table("failed.csv")
    check([row[0] for row in rows[1:]] == ["1", "2"] and rows[1][2] == "out of range",
          "the report of rows that fail: %s" % rows)
    check(len(read_table("x.csv")) == 4, "rows that fail are missing in the result")


# ---- formats ----------------------------------------------------------------------------------------------

def try_arrays(g):
    """Each way to write an array gives the same numbers, or numbers of its precision."""
    rounded = [[float(int(10 * v)) for v in row] for row in g]
    write("plain.npy", npy(rounded, "f"))
    expect(0, "", "./space", "apply", "--part=base", "model", "plain.npy", "s.npy")
    wanted = open("s.npy", "rb").read()
    for code, order, fortran in (("d", "<", True), ("d", ">", False), ("f", ">", True), ("e", "<", False),
                                 ("e", ">", True), ("i", "<", False), ("i", ">", True), ("q", "<", True)):
        write("other.NPY", npy(rounded, code, order, fortran))
        expect(0, "", "./space", "apply", "--part=base", "model", "other.NPY", "s.npy")
        check(open("s.npy", "rb").read() == wanted,
              "an array of %s%s, Fortran order: %s" % (order, code, fortran))


def try_shapes(g):
    """What has the wrong shape is told with the right one."""
    write("turned.npy", npy([list(column) for column in zip(*g)]))
    write("list.npy", npy([row[0] for row in g]))
    expect(2, "shape (3, 1500); the dimension is 3, so (rows, 3) is needed: its transpose", "./space",
           "train", "--data", "turned.npy")
    expect(2, "shape (1500,); the dimension is 3", "./space", "train", "--data", "list.npy")
    write("one.csv", "a\n1\n2\n")
    expect(2, "one.csv: 1 column (a); the dimension is 3", "./space", "check", "one.csv")
    expect(2, "- is both --rows and the result", "./space", "evaluate", "model", "--rows", "-")


def texts(g):
    rows = [[v * s + m for v, s, m in zip(row, (1, 2, 3), (5, -3, 100))] for row in g[:400]]
    lines = [",".join("%.6f" % v for v in row) for row in rows]
    return {
        "UPPER.CSV": "a,b,c\n" + "\n".join(lines) + "\n",
        "species.csv": "a,b,c,species\n" + "\n".join(
            line + (",virginica" if i % 3 else ",setosa") for i, line in enumerate(lines)) + "\n",
        "decimal_commas.csv": "a;b;c\n" + "\n".join(
            line.replace(",", ";").replace(".", ",") for line in lines) + "\n",
        "missing.csv": "a,b,c\n" + "\n".join(lines[:7] + ["1,,2"] + lines[7:]) + "\n",
        "index_column.csv": ",a,b,c\n" + "\n".join(
            "%d,%s" % (i, line) for i, line in enumerate(lines)) + "\n",
        "windows.csv": "\ufeff\"a\",\"b\",\"c\"\r\n" + "\r\n".join(lines),
        "tabs.tsv": "a\tb\tc\n" + "\n".join(lines).replace(",", "\t") + "\n",
        "blanks.txt": "# by hand\n\n" + "\n".join(lines).replace(",", "   ") + "\n\n",
    }


def try_texts(g):
    for name, text in texts(g).items():
        write(name, text)
    for name in ("UPPER.CSV", "decimal_commas.csv", "windows.csv", "tabs.tsv", "blanks.txt"):
        result = look("space", name)
        check(result["rows"] == 400 and not result["warned"], "%s: %s" % (name, result))
        check(near(result["columns"][2]["mean"], 100, 1), name + ": the mean of column c")
    expect(2, ('column 4 (species) holds words ("setosa")', "data.columns"), "./space", "check",
           "species.csv")
    expect(2, "missing.csv:9:3: an empty field", "./space", "train", "--data", "missing.csv")
    result = json.loads(expect(0, "", "./space", "train", "--data", "missing.csv", "--missing", "drop",
                               "--out", "dropped", "--json"))
    check(result["rows_dropped"] == 1, "missing.csv: %s rows dropped" % result["rows_dropped"])
    expect(2, "column 1 has no name, like an index of rows", "./space", "check", "index_column.csv")
    found = look("space", "index_column.csv", "--columns", "1,a,b")["found"]
    check(found.get("row_number", {}).get("columns") == [1], "index_column.csv: %s" % sorted(found))
    expect(0, "", "./space", "train", "--quiet", "--data", "species.csv", "--columns", "a,b,c", "--label",
           "species", "--out", "species")


def try_tables():
    """Text in, text out, through standard streams too, and back to what it was; words stay."""
    both = ("--part=both", "model")
    expect(0, "", "./space", "apply", *both, "UPPER.CSV", "s.csv")
    expect(0, "", "./space", "invert", *both, "s.csv", "back.CSV")
    old, new = read_table("UPPER.CSV"), read_table("back.CSV")
    check(len(old) == len(new), "%d lines became %d" % (len(old), len(new)))
    largest = max(abs(float(a) - float(b)) for one, other in zip(old[1:], new[1:])
                  for a, b in zip(one, other))
    check(largest < 0.01, "there and back: %g" % largest)
    with open("UPPER.CSV", "rb") as file:
        streamed = expect(0, "", "./space", "apply", *both, "-", "-", given=file.read())
    with open("s.csv", "rb") as file:
        check(streamed == file.read(), "standard streams give other bytes than files")
    expect(0, "", "./space", "apply", *both, "--label", "species", "species.csv", "named.csv")
    rows = read_table("named.csv")
    check([row[-1] for row in rows[1:4]] == ["setosa", "virginica", "virginica"], "labels: %s" % rows[:4])


# ---- weights ----------------------------------------------------------------------------------------------

def repeated(rows):
    """Row i as often as its weight says, which is i % 3."""
    return [row for i, row in enumerate(rows) for _ in range(i % 3)]


def weights_of(rows):
    return [float(i % 3) for i in range(len(rows))]


def evaluation(trainer, model, name, *options):
    return json.loads(expect(0, "", "./" + trainer, "evaluate", model, "--data", name, "--json", *options))


def try_weights(g):
    """A row of weight 2 is two rows, one of weight 0 none: in means, likelihoods, costs, errors."""
    train, test = g[:900], g[900:]
    write_npz("weighted.npz", x_train=train, x_test=test, weights_train=weights_of(train),
              weights_test=weights_of(test))
    write_npz("repeated.npz", x_train=repeated(train), x_test=repeated(test))
    one, other = (look("space", name) for name in ("weighted.npz", "repeated.npz"))
    check(all(near(a["mean"], b["mean"], 1e-12) for a, b in zip(one["columns"], other["columns"])),
          "weighted means: %s, %s" % (one["columns"], other["columns"]))
    one, other = (evaluation("space", "model", name) for name in ("weighted.npz", "repeated.npz"))
    for key in ("nll_before", "nll_after", "cost_before", "cost_after", "energy", "density_error_mean",
                "density_error_max", "mean_max", "covariance_error_max"):
        check(near(one[key], other[key], 1e-9),
              "evaluated by weight: %s, %s, %s" % (key, one[key], other[key]))
    check(one["effective_samples"] < len(repeated(test)), "effective samples: %s" % one["effective_samples"])


def try_weights_of_pairs():
    """Where rows are left out, of pairs too, their weights go with them, also those of a file of its own."""
    x, y, _ = pairs()["right"]
    x[7][0], y[9][1] = NAN, INF
    write_npz("heavy.npz", x=x, y=y, weights=weights_of(x))
    write_npz("light.npz", x=x, y=y)
    write("weights.txt", "".join("%g\n" % weight for weight in weights_of(x)))
    results = [json.loads(expect(0, "", "./plane", "train", "--data", name, "--missing", "drop", "--json",
                                 "--quiet", "--out", name + ".run", *options))
               for name, options in (("heavy.npz", ()), ("light.npz", ("--weights", "weights.txt")))]
    for result in results:
        check(result["rows_dropped"] == 2 and result["rows_weightless"] == 666,
              "left out: %s, %s" % (result["rows_dropped"], result["rows_weightless"]))
    check(results[0]["evaluation"] == results[1]["evaluation"], "weights beside and in the file differ")
    streamed = look("plane", "light.npz", "--missing", "drop", "--weights", "weights.txt")
    check(streamed["rows"] == 2000 - 2 - 666, "weighted rows of check: %s" % streamed["rows"])


def try_paths():
    """A path in a spec starts from the spec's folder; a message says where was looked."""
    os.mkdir("elsewhere")
    expect(0, "", os.path.abspath("space"), "train", "--quiet", "--out", "run", folder="elsewhere")
    check(os.path.exists("elsewhere/run/model.safetensors"), "no model of a spec in another folder")
    expect(0, "", os.path.abspath("space"), "evaluate", "run", folder="elsewhere")
    expect(2, "nowhere.npy", "./space", "train", "--data", "nowhere.npy")
    expect(2, "no array x; it contains a", "./space", "check", "arrays.npz")
    expect(2, "(only shells replace ~: write the whole path)", "./space", "check", "~nobody/x.npy")
    for words in (("check", "~/x.npy"), ("train", "--out=~/run"), ("apply", "model", "s.npy", "~/s.npy")):
        expect(2, "the shell has not replaced the ~ of ~/", "./space", *words)
    check(not os.path.exists("~"), "a folder called ~")
    expect(2, "argument 2: expected a name, found nothing", "./space", "apply", "model", "", "s.npy")
    os.rename("normal.npy", "away.npy")
    err = run("./space", "train")[2]
    os.rename("away.npy", "normal.npy")
    check(err.count(os.getcwd()) == 1 and "looked for in /" in err, "one folder, named twice: " + err)


def try_pipes():
    """A pipe with a name is read once, whatever it is called: the same rows as those of a file."""
    wanted = look("space", "windows.csv")["columns"]
    for name, source in (("pipe.csv", "windows.csv"), ("pipe", "windows.csv"), ("pipe.npy", "normal.npy")):
        os.mkfifo(name)
        with subprocess.Popen(["timeout", "20", "sh", "-c", "cat %s >%s" % (source, name)]) as writer:
            seen = json.loads(expect(0, "", "timeout", "20", "./space", "check", name, "--json"))
        check(writer.returncode == 0, "%s: not read to its end" % name)
        check(seen["columns"] == (wanted if source == "windows.csv" else look("space", source)["columns"]),
              "%s: other rows than those of %s" % (name, source))
    with open("pairs.npz", "rb") as file:
        expect(2, "an .npz of samples cannot come from standard input or a pipe", "./plane", "check", "-",
               given=file.read())


def main():
    for name, spec in SPECS.items():
        write(name + ".yaml", "name: %s\n%s" % (name, spec))
        expect(0, "", GPFC, "--quiet", name + ".yaml")
    g = normal(3)
    write("normal.npy", npy(g))
    write_npz("arrays.npz", a=g)
    expect(0, "", "./space", "train", "--quiet", "--out", "model")
    try_degenerate(g)
    try_trainings()
    try_pairs()
    try_auto_epochs()
    try_wide_normal()
    try_arrays(g)
    try_shapes(g)
    try_texts(g)
    try_tables()
    try_weights(g)
    try_weights_of_pairs()
    try_paths()
    try_pipes()
    print("%d checks, %d faults" % (checks, len(faults)))
    return 1 if faults or checks < 160 else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        status = main()
        os.chdir("/")
    sys.exit(status)
