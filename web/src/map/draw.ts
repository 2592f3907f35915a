/** Drawing of features on a canvas: the quiet ground below, and above it what moves. */
import type { Feature, TwinType } from '../twin.ts';
import { meets, seen, type View } from './geometry.ts';
import { DARK, GROUND, LIGHT, type Shape } from '../palette.ts';

export interface Theme {
  dark: boolean;
  ground: string;
  ink: string;
  accent: string;
}

export function themeNow(): Theme {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  return dark
    ? { dark, ground: GROUND.dark, ink: '#e8edef', accent: '#ffd166' }
    : { dark, ground: GROUND.light, ink: '#17232b', accent: '#b3261e' };
}

export function colourOf(type: TwinType, theme: Theme): string {
  return (theme.dark ? DARK : LIGHT)[type.look.colour] ?? theme.ink;
}

export interface Scene {
  view: View;
  width: number;
  height: number;
  ratio: number;
  theme: Theme;
  highlighted: TwinType | null;
}

/** The outline of a type's mark around (0, 0). */
export function mark(c: CanvasRenderingContext2D, shape: Shape, r: number): void {
  c.beginPath();
  if (shape === 'circle') c.arc(0, 0, r, 0, 2 * Math.PI);
  else if (shape === 'square') c.rect(-r * 0.88, -r * 0.88, r * 1.76, r * 1.76);
  else if (shape === 'diamond') polygon(c, [0, -r * 1.25, r * 1.25, 0, 0, r * 1.25, -r * 1.25, 0]);
  else polygon(c, [0, -r * 1.2, r * 1.15, r * 0.85, -r * 1.15, r * 0.85]);
}

function polygon(c: CanvasRenderingContext2D, at: number[]): void {
  c.moveTo(at[0]!, at[1]!);
  for (let i = 2; i < at.length; i += 2) c.lineTo(at[i]!, at[i + 1]!);
  c.closePath();
}

const OUTLINED = 2.5; // pixels of radius

/** A mark is painted once and then copied: a path with thousands of circles would be slow. */
class Marks {
  private made = new Map<string, HTMLCanvasElement>();

  get(type: TwinType, r: number, scene: Scene): HTMLCanvasElement {
    const colour = colourOf(type, scene.theme);
    const key = `${colour} ${type.look.shape} ${r} ${scene.ratio} ${scene.theme.ground}`;
    let canvas = this.made.get(key);
    if (canvas) return canvas;
    const side = Math.ceil((r * 1.3 + 1.5) * 2 * scene.ratio);
    canvas = document.createElement('canvas');
    canvas.width = canvas.height = side;
    const c = canvas.getContext('2d')!;
    c.setTransform(scene.ratio, 0, 0, scene.ratio, side / 2, side / 2);
    mark(c, type.look.shape, r);
    c.fillStyle = colour;
    c.strokeStyle = scene.theme.ground;
    c.lineWidth = 1;
    c.fill();
    if (r >= OUTLINED) c.stroke(); // the outlines of a crowd would wipe out the streets below it
    if (this.made.size > 400) this.made.clear();
    this.made.set(key, canvas);
    return canvas;
  }
}
const marks = new Marks();

/** Pixels; grows as the map comes closer and the points thin out. A crowd is texture, what is rare stands out. */
export function radius(shown: number, near: boolean, ofType: number, room: number): number {
  const base = shown > 900 ? 3 : 4.25;
  const share = ofType / Math.max(1, shown);
  const rare = shown > 300 ? (share > 0.05 ? -1.1 : share < 0.015 ? 1.2 : 0) : 0;
  return ((near ? base + 1.5 : base) + rare) * room;
}

export function drawFeatures(c: CanvasRenderingContext2D, scene: Scene, features: readonly Feature[]): number {
  const { view, width, height, theme } = scene;
  const window = seen(view, width + 40, height + 40);
  const visible = features.filter((f) => meets(f.shapes.box, window));
  const room = Math.min(1, Math.max(0.6, Math.sqrt(width * height) / 700)); // a telephone shows the same city in less
  const near = visible.length < features.length / 4;
  const ofType = new Map<TwinType, number>();
  for (const f of visible) ofType.set(f.type, (ofType.get(f.type) ?? 0) + f.shapes.points.length / 2);
  c.lineJoin = c.lineCap = 'round';
  for (const feature of visible) {
    const colour = colourOf(feature.type, theme);
    const faded = scene.highlighted && scene.highlighted !== feature.type;
    c.globalAlpha = faded ? 0.22 : 1;
    if (feature.form !== 'point') drawPaths(c, scene, feature, colour, faded ? 0.22 : 1);
    if (feature.shapes.points.length) drawPoints(c, scene, feature, radius(visible.length, near, ofType.get(feature.type) ?? 1, room));
  }
  c.globalAlpha = 1;
  drawNames(c, scene, visible);
  return visible.length;
}

function drawPaths(c: CanvasRenderingContext2D, scene: Scene, f: Feature, colour: string, alpha: number): void {
  const lit = scene.highlighted === f.type;
  c.strokeStyle = c.fillStyle = colour;
  for (const rings of f.shapes.areas) {
    c.beginPath();
    for (const ring of rings) {
      trace(c, scene, ring);
      c.closePath();
    }
    c.globalAlpha = alpha * (lit ? 0.4 : 0.13);
    c.fill('evenodd');
    c.globalAlpha = alpha * (lit ? 1 : 0.7);
    c.lineWidth = lit ? 1.75 : 1;
    c.stroke();
  }
  c.globalAlpha = alpha * (lit ? 1 : 0.55);
  c.lineWidth = lit ? 3 : 2;
  for (const line of f.shapes.lines) {
    c.beginPath();
    trace(c, scene, line);
    c.stroke();
  }
}

function trace(c: CanvasRenderingContext2D, { view, width, height }: Scene, p: Float64Array): void {
  for (let i = 0; i < p.length; i += 2) {
    const x = (p[i]! - view.x) * view.scale + width / 2;
    const y = (p[i + 1]! - view.y) * view.scale + height / 2;
    if (i === 0) c.moveTo(x, y);
    else c.lineTo(x, y);
  }
}

function drawPoints(c: CanvasRenderingContext2D, scene: Scene, f: Feature, r: number): void {
  const image = marks.get(f.type, scene.highlighted === f.type ? r + 1 : r, scene);
  const side = image.width / scene.ratio;
  const p = f.shapes.points;
  for (let i = 0; i < p.length; i += 2) {
    const [x, y] = onScreen(scene, p[i]!, p[i + 1]!);
    c.drawImage(image, x - side / 2, y - side / 2, side, side);
  }
}

export function onScreen({ view, width, height }: Scene, x: number, y: number): [number, number] {
  return [(x - view.x) * view.scale + width / 2, (y - view.y) * view.scale + height / 2];
}

/** Names of areas that are large enough for them, each where no other name stands. */
function drawNames(c: CanvasRenderingContext2D, scene: Scene, visible: readonly Feature[]): void {
  const taken: [number, number, number, number][] = [];
  c.font = '600 12px system-ui, sans-serif';
  c.textAlign = 'center';
  c.textBaseline = 'middle';
  for (const f of visible) {
    const wide = (f.shapes.box.x1 - f.shapes.box.x0) * scene.view.scale;
    if (f.form !== 'area' || !f.name || wide < 90 || taken.length > 40) continue;
    const [x, y] = onScreen(scene, (f.shapes.box.x0 + f.shapes.box.x1) / 2, (f.shapes.box.y0 + f.shapes.box.y1) / 2);
    const w = c.measureText(f.name).width / 2 + 6;
    if (w * 2 > wide || taken.some((t) => Math.abs(t[0] - x) < t[2] + w && Math.abs(t[1] - y) < 18)) continue;
    taken.push([x, y, w, 9]);
    c.lineWidth = 4;
    c.lineJoin = 'round';
    c.strokeStyle = scene.theme.ground;
    c.strokeText(f.name, x, y);
    c.fillStyle = scene.theme.ink;
    c.fillText(f.name, x, y);
  }
}

/** A ring around a feature: the chosen one, or one that has just changed. */
export function ring(c: CanvasRenderingContext2D, scene: Scene, f: Feature, r: number, alpha: number, wide: number, colour: string): void {
  c.globalAlpha = alpha;
  c.strokeStyle = colour;
  c.lineWidth = wide;
  const p = f.shapes.points;
  for (let i = 0; i < p.length; i += 2) {
    const [x, y] = onScreen(scene, p[i]!, p[i + 1]!);
    c.beginPath();
    c.arc(x, y, r, 0, 2 * Math.PI);
    c.stroke();
  }
  for (const path of [...f.shapes.lines, ...f.shapes.areas.flat()]) {
    c.beginPath();
    trace(c, scene, path);
    c.stroke();
  }
  c.globalAlpha = 1;
}
