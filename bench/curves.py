"""curves.py - how fine-tuning SmolLM2-135M's shape grows: tokens a second and peak memory against length, batch, layers and threads, in
f32 and bf16, each beside its composite bound. build/bench/curves.csv and curves.svg; --write copies the figure into docs/.

    curves.py [--repeats N] [--write]
"""
import argparse
import os
import shutil
import subprocess

import compare
import measure
from measure import OUT, Bounds, median, ours, take_turns

CORES = len(os.sched_getaffinity(0))
# name of the axis, and its points: where they lie, the options of bench_train_finetune, threads
CURVES = [
    ("tokens of a sequence (2,048 a step)", [(t, ["--shape", f"{2048 // t}x{t}"], CORES) for t in (16, 64, 256, 1024, 2048)]),
    ("sequences of a batch (24 tokens each)", [(s, ["--shape", f"{s}x24"], CORES) for s in (1, 8, 32, 128)]),
    ("layers (32 x 24 tokens)", [(n, ["--shape", "32x24", "--layers", n], CORES) for n in (2, 6, 12, 30)]),
    ("threads (32 x 24 tokens)", [(n, ["--shape", "32x24"], n) for n in (1, 2) if n <= CORES]),
]
GNUPLOT = r"""
set terminal svg size 1000,1100 font "sans,12"
set output "{out}/curves.svg"
set datafile separator ","
set multiplot layout 4,2
set logscale xy
set key top right samplen 2
set grid
do for [c=0:3] {{
    file = sprintf("{out}/curve-%d.csv", c)
    set xlabel word("length batch layers threads", c + 1)
    set ylabel "tokens/s"
    plot file using 2:(strcol(1) eq "f32" ? $3 : NaN):4:5 with yerrorlines lc 1 pt 7 title "f32", \
         file using 2:(strcol(1) eq "f32" ? $6 : NaN) with lines lc 1 dt 2 title "bound", \
         file using 2:(strcol(1) eq "bf16" ? $3 : NaN):4:5 with yerrorlines lc 2 pt 7 title "bf16", \
         file using 2:(strcol(1) eq "bf16" ? $6 : NaN) with lines lc 2 dt 2 title "bound"
    set ylabel "peak MiB"
    plot file using 2:(strcol(1) eq "f32" ? $7 : NaN) with linespoints lc 1 pt 7 title "f32", \
         file using 2:(strcol(1) eq "bf16" ? $7 : NaN) with linespoints lc 2 pt 7 title "bf16"
}}
unset multiplot
"""


def point(curve, at, options, threads, bf16, repeats):
    precision = ["--bf16"] if bf16 else []
    bounds, mine = Bounds(bf16, threads), ours("train_finetune", *options, *precision, threads=threads)
    take_turns([bounds, mine], repeats)
    bound = bounds.tokens_per_second(mine.facts, float(mine.facts["took"].split()[1]))
    return {"curve": curve, "precision": "bf16" if bf16 else "f32", "at": at, "tokens_per_second": median(mine.rates), "min": min(mine.rates),
            "max": max(mine.rates), "bound": bound, "share_of_bound": median(mine.rates) / bound, "peak_mib": round(mine.peak)}


def figure_draw(rows):
    columns = ["precision", "at", "tokens_per_second", "min", "max", "bound", "peak_mib"]
    for i, (curve, _) in enumerate(CURVES):
        measure.csv_write(f"curve-{i}", [{k: r[k] for k in columns} for r in rows if r["curve"] == curve])
    subprocess.run(["gnuplot"], input=GNUPLOT.format(out=OUT), text=True, check=True)
    for i in range(len(CURVES)):
        os.remove(f"{OUT}/curve-{i}.csv")


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--repeats", type=int, default=5)
    a.add_argument("--write", action="store_true")
    a = a.parse_args()
    os.makedirs(OUT, exist_ok=True)
    rows = []
    print("| | | tokens/s (min..max) | of the bound | peak memory |\n|---|---|---|---|---|")
    lines = []
    for curve, points in CURVES:
        for bf16 in (False, True):
            for at, options, threads in points:
                r = point(curve, at, options, threads, bf16, a.repeats)
                rows.append(r)
                lines.append(f"| {at} {curve} | {r['precision']} | {r['tokens_per_second']:.0f} ({r['min']:.0f}..{r['max']:.0f}) | "
                             f"{100 * r['share_of_bound']:.0f} % of {r['bound']:.0f} | {r['peak_mib']:,} MiB |")
                print(lines[-1], flush=True)
                measure.csv_write("curves", rows)
    figure_draw(rows)
    if a.write:
        shutil.copy(f"{OUT}/curves.svg", "docs/performance-curves.svg")
        compare.document_put(compare.DOC, "curves",
                             f"{compare.machine()}. Medians of {a.repeats} turns. Dashed: the composite bound of each point.\n\n![curves](performance-curves.svg)\n\n"
                             "| | | tokens/s (min..max) | of the bound | peak memory |\n|---|---|---|---|---|\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
