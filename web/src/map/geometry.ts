/** GeoJSON onto the plane of the web's Mercator projection, where the world is one unit wide. Pure. */
export interface Shapes {
  points: Float64Array; // x0, y0, x1, y1 ...
  lines: Float64Array[];
  areas: Float64Array[][]; // rings of each
  box: Box;
}
export interface Box {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}
export interface View {
  x: number; // of the middle
  y: number;
  scale: number; // pixels for one unit
}

const EDGE = 85.0511;

export function project(lon: number, lat: number): [number, number] {
  const phi = (Math.max(-EDGE, Math.min(EDGE, lat)) * Math.PI) / 180;
  return [lon / 360 + 0.5, 0.5 - Math.log(Math.tan(Math.PI / 4 + phi / 2)) / (2 * Math.PI)];
}

export function unproject(x: number, y: number): [number, number] {
  const phi = 2 * Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) - Math.PI / 2;
  return [(x - 0.5) * 360, (phi * 180) / Math.PI];
}

/** What of a value that should be a geometry can be drawn; null when nothing can. */
export function shapesOf(geometry: unknown): Shapes | null {
  const points: number[] = [];
  const lines: Float64Array[] = [];
  const areas: Float64Array[][] = [];
  const box: Box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };

  const position = (at: unknown, into: number[]): void => {
    if (!Array.isArray(at) || !Number.isFinite(at[0]) || !Number.isFinite(at[1])) return;
    const [x, y] = project(at[0] as number, at[1] as number);
    into.push(x, y);
    box.x0 = Math.min(box.x0, x);
    box.y0 = Math.min(box.y0, y);
    box.x1 = Math.max(box.x1, x);
    box.y1 = Math.max(box.y1, y);
  };
  const path = (list: unknown): Float64Array => {
    const into: number[] = [];
    for (const at of each(list)) position(at, into);
    return Float64Array.from(into);
  };
  const polygon = (rings: unknown): void => {
    const made = each(rings).map(path).filter((ring) => ring.length >= 6);
    if (made.length) areas.push(made);
  };
  const line = (list: unknown): void => {
    const made = path(list);
    if (made.length >= 4) lines.push(made);
  };
  const put = (g: unknown, depth: number): void => {
    if (typeof g !== 'object' || g === null || depth > 4) return;
    const { type, coordinates, geometries } = g as { type?: string; coordinates?: unknown; geometries?: unknown };
    if (type === 'Point') position(coordinates, points);
    else if (type === 'MultiPoint') for (const at of each(coordinates)) position(at, points);
    else if (type === 'LineString') line(coordinates);
    else if (type === 'MultiLineString') each(coordinates).forEach(line);
    else if (type === 'Polygon') polygon(coordinates);
    else if (type === 'MultiPolygon') each(coordinates).forEach(polygon);
    else if (type === 'GeometryCollection') for (const inner of each(geometries)) put(inner, depth + 1);
  };
  put(geometry, 0);
  return points.length + lines.length + areas.length ? { points: Float64Array.from(points), lines, areas, box } : null;
}

function each(list: unknown): unknown[] {
  return Array.isArray(list) ? list : [];
}

/** Where most of it is: one entity with swapped coordinates must not push a city into a corner. */
export function extent(boxes: readonly Box[]): Box | null {
  if (boxes.length === 0) return null;
  const all = union(boxes);
  if (boxes.length < 20) return all;
  const x = boxes.map((b) => (b.x0 + b.x1) / 2).sort((a, b) => a - b);
  const y = boxes.map((b) => (b.y0 + b.y1) / 2).sort((a, b) => a - b);
  const at = (list: number[], share: number) => list[Math.floor((list.length - 1) * share)] ?? 0;
  const core = { x0: at(x, 0.03), y0: at(y, 0.03), x1: at(x, 0.97), y1: at(y, 0.97) };
  const [w, h] = [core.x1 - core.x0, core.y1 - core.y0];
  const room = Math.max(w, h, 1e-7) * 1.5;
  const far = all.x1 - all.x0 > w + 2 * room || all.y1 - all.y0 > h + 2 * room;
  if (!far) return all;
  return union(boxes.filter((b) => b.x0 >= core.x0 - room && b.x1 <= core.x1 + room && b.y0 >= core.y0 - room && b.y1 <= core.y1 + room));
}

function union(boxes: readonly Box[]): Box {
  const all: Box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (const b of boxes) {
    all.x0 = Math.min(all.x0, b.x0);
    all.y0 = Math.min(all.y0, b.y0);
    all.x1 = Math.max(all.x1, b.x1);
    all.y1 = Math.max(all.y1, b.y1);
  }
  return all;
}

export const SCALE_LEAST = 200;
export const SCALE_MOST = 2 ** 32; // about a centimetre for a pixel

export function fit(box: Box, width: number, height: number, margin: number): View {
  const w = Math.max(box.x1 - box.x0, 1e-9);
  const h = Math.max(box.y1 - box.y0, 1e-9);
  const scale = Math.min((width - 2 * margin) / w, (height - 2 * margin) / h, 2 ** 28);
  return { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2, scale: Math.max(scale, SCALE_LEAST) };
}

/** Closer by a factor, with what lies under (px, py) staying there. */
export function zoomed(view: View, factor: number, px: number, py: number, width: number, height: number): View {
  const scale = Math.max(SCALE_LEAST, Math.min(SCALE_MOST, view.scale * factor));
  const [dx, dy] = [px - width / 2, py - height / 2];
  return { x: view.x + dx / view.scale - dx / scale, y: view.y + dy / view.scale - dy / scale, scale };
}

export function seen(view: View, width: number, height: number): Box {
  const [w, h] = [width / 2 / view.scale, height / 2 / view.scale];
  return { x0: view.x - w, y0: view.y - h, x1: view.x + w, y1: view.y + h };
}

export function meets(a: Box, b: Box): boolean {
  return a.x0 <= b.x1 && b.x0 <= a.x1 && a.y0 <= b.y1 && b.y0 <= a.y1;
}

const EARTH_M = 40075016.686;

export function metresPerPixel(view: View): number {
  const [, lat] = unproject(view.x, view.y);
  return (EARTH_M * Math.cos((lat * Math.PI) / 180)) / view.scale;
}

/** A round length that is at most so many pixels long. */
export function scaleBar(view: View, most: number): { metres: number; pixels: number } {
  const per = metresPerPixel(view);
  const raw = per * most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const metres = ([5, 2, 1].find((step) => step * power <= raw) ?? 1) * power;
  return { metres, pixels: metres / per };
}

/** How far a shape is from a place, in units; 0 inside of an area. */
export function distance(s: Shapes, x: number, y: number): number {
  let best = Infinity;
  for (let i = 0; i < s.points.length; i += 2) best = Math.min(best, Math.hypot(s.points[i]! - x, s.points[i + 1]! - y));
  for (const line of s.lines) best = Math.min(best, toPath(line, x, y));
  for (const rings of s.areas) if (inside(rings, x, y)) return 0;
  return best;
}

function toPath(p: Float64Array, x: number, y: number): number {
  let best = Infinity;
  for (let i = 0; i + 3 < p.length; i += 2) {
    const [ax, ay, bx, by] = [p[i]!, p[i + 1]!, p[i + 2]!, p[i + 3]!];
    const [dx, dy] = [bx - ax, by - ay];
    const along = dx || dy ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy))) : 0;
    best = Math.min(best, Math.hypot(ax + along * dx - x, ay + along * dy - y));
  }
  return best;
}

function inside(rings: Float64Array[], x: number, y: number): boolean {
  let odd = false;
  for (const ring of rings)
    for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
      const [ax, ay, bx, by] = [ring[i]!, ring[i + 1]!, ring[j]!, ring[j + 1]!];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
    }
  return odd;
}

export function areaOf(box: Box): number {
  return (box.x1 - box.x0) * (box.y1 - box.y0);
}
