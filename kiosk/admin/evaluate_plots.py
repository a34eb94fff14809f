"""Draws the pictures of an evaluation: the DET curve of a set, the error rates of each species. They show no face."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kiosk.admin.evaluate_rates import Scores, det_points

_INK, _SOFT, _PAPER = "#1d2733", "#8b96a3", "#ffffff"
_CURVE, _POINT, _GOOD = "#1f5fa8", "#c4482c", "#2f8f6b"
_SHARES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.2, 0.5, 0.8)
_LABELS = ("0.0001 %", "0.001 %", "0.01 %", "0.1 %", "1 %", "5 %", "20 %", "50 %", "80 %")


def draw_det(path: Path, report: dict[str, Any], genuine: Scores, impostor: Scores) -> None:
    """Write the DET curve on normal-deviate axes, only as far as the N of the set reaches."""
    figure, axes = _figure(7.2, 6.4)
    _, fmr, fnmr = det_points(genuine, impostor)
    floor_fmr, floor_fnmr = 0.5 / len(impostor), 0.5 / len(genuine)
    axes.plot(_probit(fmr, floor_fmr), _probit(fnmr, floor_fnmr), color=_CURVE, linewidth=2.2, drawstyle="steps-post")
    labels: dict[tuple[float, float], list[str]] = {}
    for point in report["operating_points"]:
        if point["fmr"] is None or point["fnmr"] is None:
            continue
        x, y = _probit([point["fmr"]], floor_fmr)[0], _probit([point["fnmr"]], floor_fnmr)[0]
        low, high = _probit(point["fnmr_interval"], floor_fnmr)
        axes.plot([x, x], [low, high], color=_POINT, linewidth=1.2, solid_capstyle="butt")
        axes.plot([x], [y], "o", color=_POINT, markersize=6, markeredgecolor=_PAPER, zorder=5)
        label = f"{point['threshold']:.4f} (for FMR {_power(point['fmr_target'])})"
        labels.setdefault((round(float(x), 2), round(float(y), 2)), []).append(label)
    for (x, y), words in labels.items():
        axes.annotate(
            "\n".join(words), (x, y), (9, 6), textcoords="offset points", fontsize=8.5, color=_POINT, va="bottom"
        )
    for target in (1e-3, 1e-4, 1e-5):
        axes.axvline(_probit([target], 1e-9)[0], color=_SOFT, linewidth=0.8, linestyle=(0, (2, 3)))
    _probit_axis(axes.xaxis, axes.set_xlim, floor_fmr, max(0.3, 2 * floor_fmr))
    _probit_axis(axes.yaxis, axes.set_ylim, floor_fnmr, 0.85)
    axes.set_xlabel("false match rate (FMR)")
    axes.set_ylabel("false non-match rate (FNMR)")
    _titles(
        axes,
        f"{report['model']} on {report['set']}",
        f"{report['n_people']:,} people · {len(genuine):,} genuine, {len(impostor):,} impostor comparisons · "
        "dots: operating points, with 95 % intervals",
    )
    _save(figure, path)


def draw_species(
    path: Path, title: str, subtitle: str, bars: Sequence[tuple[str, float, tuple[float, float], str]]
) -> None:
    """Write one bar for each rate: name, share, interval, and what stands beside it; the first is BPCER."""
    figure, axes = _figure(7.6, 1.9 + 0.62 * len(bars))
    places = np.arange(len(bars))[::-1]
    for place, (_, share, (low, high), beside) in zip(places, bars, strict=True):
        colour = _GOOD if place == places[0] else _POINT
        axes.barh(place, 100 * share, height=0.52, color=colour, alpha=0.9)
        axes.plot([100 * low, 100 * high], [place, place], color=_INK, linewidth=1.4)
        for end in (low, high):
            axes.plot([100 * end] * 2, [place - 0.12, place + 0.12], color=_INK, linewidth=1.4)
        axes.annotate(beside, (100, place), (6, 0), textcoords="offset points", va="center", fontsize=8.5, color=_INK,
                      annotation_clip=False)  # fmt: skip
    axes.set_yticks(places, [name for name, *_ in bars], parse_math=False)
    axes.set_xlim(0, 100)
    axes.set_ylim(-0.6, len(bars) - 0.4)
    axes.set_xlabel("percent of the presentations that a face was found in, with 95 % intervals")
    axes.grid(axis="y", visible=False)
    _titles(axes, title, subtitle)
    _save(figure, path)


def _figure(width: float, height: float) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=150, facecolor=_PAPER, layout="constrained")
    axes = figure.add_subplot()
    axes.grid(color="#e4e8ec", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(_SOFT)
    axes.tick_params(colors=_INK, labelsize=9, length=3)
    axes.xaxis.label.set_color(_INK)
    axes.yaxis.label.set_color(_INK)
    return figure, axes


def _titles(axes: Any, title: str, subtitle: str) -> None:
    axes.set_title(f"{title}\n", loc="left", fontsize=12, color=_INK, fontweight="bold", parse_math=False)
    below = {"fontsize": 8.5, "color": _SOFT, "va": "bottom", "parse_math": False}
    axes.text(0, 1.015, subtitle, transform=axes.transAxes, **below)


def _save(figure: Any, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the typeface lacks is drawn as a box
        FigureCanvasAgg(figure).print_png(str(path))


def _probit(shares: Any, floor: float) -> Any:
    """Normal deviates; 0 and 1 stand at the edge of what the N can show."""
    from statistics import NormalDist

    normal = NormalDist()
    return np.array([normal.inv_cdf(float(min(max(share, floor), 1 - floor))) for share in shares])


def _probit_axis(axis: Any, set_limits: Any, low: float, high: float) -> None:
    ticks = [(share, label) for share, label in zip(_SHARES, _LABELS, strict=True) if low <= share <= high]
    axis.set_ticks(_probit([share for share, _ in ticks], 1e-9), [label for _, label in ticks])
    edges = _probit([low, high], 1e-9)
    set_limits(float(edges[0]) - 0.08, float(edges[1]) + 0.08)


def _power(rate: float) -> str:
    return f"{rate:g}" if rate >= 1e-3 else f"10$^{{{round(np.log10(rate))}}}$"
