"""How geometries stand to each other, counted out on squared paper: CIM 009 4.10 and the OGC's nine intersections.

All coordinates lie on a grid and all edges are horizontal or vertical. Then every point of the plane belongs to a cell: a crossing of
the grid, an edge between two crossings, or a square between four; and a geometry is the set of the cells of its inside and of
its boundary. A cell is (x, y) with whole numbers counted in half squares: two even ones a crossing, two odd ones a square.
Nothing here knows floating point, projections or libraries.
"""
import math

WEST, SOUTH, STEP, SIZE = 7.5, 51.9, 0.01, 20

def on_earth(at):
    """A crossing of the grid in degrees, always the same digits for the same crossing."""
    return [round(WEST + at[0] * STEP, 2), round(SOUTH + at[1] * STEP, 2)]

def on_paper(position):
    return round((position[0] - WEST) / STEP), round((position[1] - SOUTH) / STEP)

def dimension(cell):
    return cell[0] % 2 + cell[1] % 2

# ---- the cells of a geometry: (inside, boundary) ----

def line_cells(line):
    cells = set()
    for (x0, y0), (x1, y1) in zip(line, line[1:]):
        assert x0 == x1 or y0 == y1
        for x in range(2 * min(x0, x1), 2 * max(x0, x1) + 1):
            for y in range(2 * min(y0, y1), 2 * max(y0, y1) + 1):
                cells.add((x, y))
    return cells

def lines(all_):
    """The boundary of lines: where an odd number of them ends [OGC 06-103r4, 6.1.8]."""
    cells, ends = set(), {}
    for line in all_:
        cells |= line_cells(line)
        for end in (line[0], line[-1]):
            ends[end] = ends.get(end, 0) + 1
    boundary = {(2 * x, 2 * y) for (x, y), n in ends.items() if n % 2}
    return cells - boundary, boundary

def polygon(rings):
    boundary = set().union(*(line_cells(r) for r in rings))

    def within(x, y):
        """A square: an odd number of vertical edges to the west of it."""
        return sum(1 for i in range(x - 1, -1, -1) if i % 2 == 0 and (i, y) in boundary) % 2 == 1
    xs, ys = [x for x, _ in boundary], [y for _, y in boundary]
    squares = {(x, y) for x in range(min(xs) + 1, max(xs), 2) for y in range(min(ys) + 1, max(ys), 2) if within(x, y)}
    around = {(x + i, y + j) for x, y in squares for i in (-1, 0, 1) for j in (-1, 0, 1)}
    return around - boundary, boundary

def cells(geometry):
    kind, c = geometry["type"], geometry["coordinates"]

    def path(positions):
        return [on_paper(p) for p in positions]
    if kind == "Point":
        return {tuple(2 * v for v in on_paper(c))}, set()
    if kind == "MultiPoint":
        return {tuple(2 * v for v in p) for p in path(c)}, set()
    if kind == "LineString":
        return lines([path(c)])
    if kind == "MultiLineString":
        return lines([path(line) for line in c])
    if kind == "Polygon":
        return polygon([path(r) for r in c])
    parts = [polygon([path(r) for r in p]) for p in c]
    return set().union(*(i for i, _ in parts)), set().union(*(b for _, b in parts))

# ---- relations: of an entity's geometry to that of a question ----

def relates(relation, target, reference):
    (ti, tb), (ri, rb) = cells(target), cells(reference)
    t, r = ti | tb, ri | rb
    if relation == "intersects":
        return bool(t & r)
    if relation == "disjoint":
        return not t & r
    if relation == "equals":
        return t == r
    if relation == "within":
        return t <= r and bool(ti & ri)
    if relation == "contains":
        return r <= t and bool(ti & ri)
    size = max(map(dimension, t))
    assert relation == "overlaps"
    return (size == max(map(dimension, r)) and size == max(map(dimension, ti & ri), default=-1)
        and bool(ti - r) and bool(ri - t))

# ---- distances ----

def metres(a, b):
    """Haversine: within half a percent of the ellipsoid."""
    x0, y0, x1, y1 = map(math.radians, (*a, *b))
    h = math.sin((y1 - y0) / 2) ** 2 + math.cos(y0) * math.cos(y1) * math.sin((x1 - x0) / 2) ** 2
    return 2 * 6371008.8 * math.asin(math.sqrt(h))

def distance(a, b):
    """Between the closest crossings: edges run along the grid, so no other points are closer than those, but for the bend
    of the earth. Nothing where they meet."""
    (ai, ab), (bi, bb) = cells(a), cells(b)
    mine, other = ai | ab, bi | bb
    if mine & other:
        return 0.0
    # an area is as close as its boundary
    rims = [b if 2 in map(dimension, i) else i | b for i, b in ((ai, ab), (bi, bb))]
    ends = [[on_earth((x // 2, y // 2)) for x, y in rim if dimension((x, y)) == 0] for rim in rims]
    return min(metres(p, q) for p in ends[0] for q in ends[1])

# ---- geometries at random ----

class Draughtsman:
    def __init__(self, r):
        self.r = r

    def crossing(self):
        return self.r.randint(0, SIZE), self.r.randint(0, SIZE)

    def stair(self):
        """Only east and north: never over itself."""
        at, out = [self.r.randint(0, SIZE - 6), self.r.randint(0, SIZE - 6)], []
        out.append(tuple(at))
        along = self.r.randint(0, 1)
        for k in range(self.r.randint(1, 3)):
            at[(along + k) % 2] += self.r.randint(1, 3)
            out.append(tuple(at))
        return out

    def box(self, west=0, east=SIZE):
        x = self.r.randint(west, east - 2)
        y = self.r.randint(0, SIZE - 2)
        return x, y, min(east, x + self.r.randint(1, 8)), min(SIZE, y + self.r.randint(1, 8))

    def ring(self, b):
        x0, y0, x1, y1 = b
        ring = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
        return ring if self.r.random() < 0.7 else ring[::-1]

    def area(self, west=0, east=SIZE):
        b = self.box(west, east)
        x0, y0, x1, y1 = b
        if x1 - x0 > 2 and y1 - y0 > 2 and self.r.random() < 0.5:
            if self.r.random() < 0.5:
                return [self.ring(b), self.ring((x0 + 1, y0 + 1, x1 - 1, y1 - 1))]
            return [[(x0, y0), (x1, y0), (x1, y0 + 1), (x0 + 1, y0 + 1), (x0 + 1, y1), (x0, y1), (x0, y0)]]
        return [self.ring(b)]

    def geometry(self, kinds=("Point", "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "Polygon", "MultiPolygon")):
        kind = self.r.choice(kinds)
        middle = SIZE // 2
        shape = {
            "Point": self.crossing,
            "MultiPoint": lambda: list({self.crossing() for _ in range(self.r.randint(1, 4))}),
            "LineString": lambda: self.stair() if self.r.random() < 0.8 else self.ring(self.box()),
            "MultiLineString": lambda: [self.stair() for _ in range(self.r.randint(1, 2))],
            "Polygon": self.area,
            "MultiPolygon": lambda: [self.area(0, middle - 1), self.area(middle + 1, SIZE)]}[kind]()

        def earth(s):
            return on_earth(s) if isinstance(s, tuple) else [earth(i) for i in s]
        return {"type": kind, "coordinates": earth(shape)}
