"""The accent colour: whether it can be read on our paper, what goes with it, and its counterparts by night.

Contrast is that of WCAG 2.2 (relative luminance). Mixing is done in OKLab, in which a colour keeps its hue on its way to white or black.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

ENOUGH = 4.5  # WCAG AA, for text of any size
AT_NIGHT = 7.0  # on the page; on its lightest panel that is still more than ENOUGH
DEFAULT = "#00566b"  # --petrol-700 of tokens.css
HEX = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})")
TOKENS = Path(__file__).resolve().parents[2] / "static" / "css" / "tokens.css"
NAMED = re.compile(r"--([\w-]+): (#[0-9a-f]{6});")
STEPS = 100
BLACK, WHITE = "#000000", "#ffffff"
Triple = tuple[float, float, float]


class Accent(NamedTuple):
    """A colour for each use, by day and by night."""

    day: str
    day_hover: str
    day_wash: str
    night: str
    night_hover: str
    night_wash: str


@functools.cache
def token(name: str) -> str:
    """A colour of tokens.css by its name."""
    named: dict[str, str] = dict(NAMED.findall(TOKENS.read_text()))
    return named[name]


def tidy(text: str) -> str:
    """#rrggbb. Raises ValueError for what is no colour."""
    found = HEX.fullmatch(text.strip().lower())
    if not found:
        raise ValueError(f"{text!r} is not a colour; write it like {DEFAULT}")
    digits = found[1]
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def of_paper(text: str) -> str:
    """A colour that can be the accent, as #rrggbb. Raises ValueError for any other."""
    colour = tidy(str(text))
    if wrong := problem(colour):
        raise ValueError(wrong)
    return colour


def problem(colour: str) -> str:
    """Why a colour cannot be the accent, and the nearest darker one that can; empty when it can."""
    ratio = min(contrast(colour, ground) for ground in day_grounds())
    if ratio >= ENOUGH:
        return ""
    told = int(ratio * 10) / 10  # rounded up, 4.46 would look like enough
    return f"{colour} cannot be read well on our paper: its contrast is {told}:1, and text needs {ENOUGH}:1. {nearest(colour)} would pass"


def nearest(colour: str) -> str:
    return first(partial(mix, colour, BLACK), lambda mixed: readable(mixed, day_grounds()))


def day_grounds() -> tuple[str, str]:
    """The page and the panels on it."""
    return token("white"), token("mist-50")


def night_grounds() -> tuple[str, ...]:
    return tuple(token(f"night-{shade}") for shade in (950, 900, 850, 800))


def papers() -> tuple[str, str]:
    """The page by day and by night."""
    return token("white"), token("night-950")


def accent_of(day: str) -> Accent:
    """What goes with a colour that can be read by day."""
    paper = papers()[1]
    night = first(partial(lighter, day), lambda lit: contrast(lit, paper) >= AT_NIGHT and readable(lit, night_grounds()))
    day_hover, night_hover = mix(day, BLACK, 0.3), mix(night, WHITE, 0.4)
    return Accent(day, day_hover, wash(papers()[0], day, 0.1), night, night_hover, wash(paper, night, 0.16))


def wash(paper: str, colour: str, share: float) -> str:
    """A ground with a touch of the colour, on which the colour can still be read."""
    return first(partial(mix, mix(paper, colour, share), paper), lambda mixed: contrast(mixed, colour) >= ENOUGH)


def sheet(colour: str) -> str:
    """The style sheet that puts a colour in the place of tokens.css's accent."""
    it, (white, ink) = accent_of(colour), papers()
    told = {
        "accent": (it.day, it.night), "accent-hover": (it.day_hover, it.night_hover), "accent-wash": (it.day_wash, it.night_wash),
        "on-accent": (white, ink),
    }  # fmt: skip
    lines = [f"--{name}: light-dark({day}, {night});" for name, (day, night) in told.items()]
    lines += [f"--on-colophon-accent: {it.night};", f"--on-colophon-link: {it.night_hover};"]
    return "@layer tokens { :root { " + " ".join(lines) + " } }\n"


# Colours


def first(way: Callable[[float], str], holds: Callable[[str], bool]) -> str:
    """The first colour on a way for which it holds; the way's end where it holds for none."""
    return next((found for step in range(STEPS + 1) if holds(found := way(step / STEPS))), way(1))


def readable(colour: str, grounds: Iterable[str]) -> bool:
    return all(contrast(colour, ground) >= ENOUGH for ground in grounds)


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(colour: str) -> Triple:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return opened(red), opened(green), opened(blue)


def opened(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def closed(value: float) -> int:
    bounded = min(1.0, max(0.0, value))
    return round(255 * (bounded * 12.92 if bounded <= 0.0031308 else 1.055 * bounded ** (1 / 2.4) - 0.055))


def mix(one: str, other: str, share: float) -> str:
    """The colour at a share of the way from one to the other."""
    if share in (0, 1):
        return other if share else one
    lightness, a, b = (here + (there - here) * share for here, there in zip(oklab(one), oklab(other), strict=True))
    return coded(light_of(lightness, a, b))


def lighter(colour: str, share: float) -> str:
    """The colour at a share of its way to white, as strong as it was, or as strong as screens can show it there."""
    lightness, a, b = oklab(colour)
    lit = lightness + (1 - lightness) * share
    strengths = (light_of(lit, a * part / STEPS, b * part / STEPS) for part in range(STEPS, -1, -2))
    return coded(next((light for light in strengths if all(-0.001 <= part <= 1.001 for part in light)), (1.0, 1.0, 1.0)))


def coded(light: Triple) -> str:
    return "#" + "".join(f"{closed(part):02x}" for part in light)


def light_of(lightness: float, a: float, b: float) -> Triple:
    """Linear red, green and blue of a colour of OKLab; beyond 0 and 1 where no screen shows it."""
    long, middle, short = (
        (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3,
        (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3,
        (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3,
    )
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def oklab(colour: str) -> Triple:
    red, green, blue = linear(colour)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )
