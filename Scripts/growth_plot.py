"""The plot of bench-store: CPU time of each question over the number of calls, as SVG."""

import math

WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 70, 250, 40, 60
COLOURS = ["#0b7285", "#c92a2a", "#5f3dc4", "#2b8a3e", "#e67700", "#495057", "#a61e4d"]
TEXT = 'font-family="sans-serif" font-size="12" fill="#343a40"'


def seconds(power):
    """A power of ten of seconds in words."""
    unit, shift = next((u, s) for u, s in (("s", 0), ("ms", -3), ("µs", -6)) if power >= s or s == -6)
    return f"{10 ** (power - shift):g} {unit}"


def calls(power):
    return f"{10 ** power / 1e6:g} million" if power >= 6 else f"{10 ** power:,.0f}"


class Scale:
    """Decades along one side."""

    def __init__(self, values, start, end):
        self.low = math.floor(math.log10(min(values)) + 1e-9)
        self.high = max(math.ceil(math.log10(max(values)) - 1e-9), self.low + 1)
        self.start, self.end = start, end

    def place(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    @property
    def powers(self):
        return range(self.low, self.high + 1)


def plot(curves):
    """SVG of `curves`: for each its name and two lists of (calls, seconds): ours, and the peer's."""
    points = [p for _, ours, theirs in curves for p in ours + theirs]
    x = Scale([p[0] for p in points], LEFT, WIDTH - RIGHT)
    y = Scale([p[1] for p in points], HEIGHT - BOTTOM, TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
           f'<text x="{LEFT}" y="22" {TEXT} font-weight="bold">CPU time of a warm question '
           'by calls stored</text>']
    for power in y.powers:
        at = y.place(10 ** power)
        out.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#e9ecef"/>')
        out.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" {TEXT} text-anchor="end">'
                   f'{seconds(power)}</text>')
    for power in x.powers:
        at = x.place(10 ** power)
        out.append(f'<path d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#e9ecef"/>')
        out.append(f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 20}" {TEXT} text-anchor="middle">'
                   f'{calls(power)}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 16}" {TEXT} '
               'text-anchor="middle">calls</text>')
    for number, (name, ours, theirs) in enumerate(curves):
        colour = COLOURS[number % len(COLOURS)]
        for values, dash in ((ours, ""), (theirs, ' stroke-dasharray="5 4" opacity="0.7"')):
            if not values:
                continue
            places = [(x.place(a), y.place(b)) for a, b in values]
            line = "L".join(f"{a:.1f} {b:.1f}" for a, b in places)
            out.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
            out += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in places]
        at = TOP + 16 + 22 * number
        out.append(f'<path d="M{WIDTH - RIGHT + 20} {at - 4}h22" stroke="{colour}" '
                   'stroke-width="2"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 50}" y="{at}" {TEXT}>{name}</text>')
    at = TOP + 30 + 22 * len(curves)
    for text, dash in (("kubeshark", ""), ("DuckDB", ' stroke-dasharray="5 4" opacity="0.7"')):
        out.append(f'<path d="M{WIDTH - RIGHT + 20} {at - 4}h22" stroke="#495057" '
                   f'stroke-width="2"{dash}/>')
        out.append(f'<text x="{WIDTH - RIGHT + 50}" y="{at}" {TEXT}>{text}</text>')
        at += 22
    out.append("</svg>")
    return "\n".join(out) + "\n"
