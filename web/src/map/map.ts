/**
 * The map: two canvases, one for what rests and one for rings and flashes, so that a flash does not redraw a
 * city. Pointer, wheel, buttons and keyboard all lead to the same four moves: pan, zoom, choose, show all.
 */
import { h } from '../dom.ts';
import { metres, plural, shortId } from '../format.ts';
import type { Feature, Twin, TwinType } from '../twin.ts';
import { drawFeatures, onScreen, ring, themeNow, type Scene } from './draw.ts';
import { areaOf, distance, extent, fit, meets, metresPerPixel, scaleBar, seen, unproject, zoomed, type Box, type View } from './geometry.ts';

const FLASH_MS = 1400;
const FLASHES_MOST = 300;
const REACH_PX = 12;
const SOON_MS = 150;
const STEP_PX = 90;

export interface MapEvents {
  choose(feature: Feature | null): void;
  moved(box: readonly [number, number, number, number]): void; // west, south, east, north
}

export class MapView {
  private base = h('canvas', { class: 'layer', 'aria-hidden': 'true' });
  private top = h('canvas', {
    class: 'layer', tabindex: '0', role: 'application', 'aria-roledescription': 'map',
    'aria-label': 'Map of the twin', 'aria-describedby': 'map-help', id: 'map-canvas',
  });
  private tip = h('div', { class: 'tip', hidden: true, 'aria-hidden': 'true' });
  private cross = h('div', { class: 'cross', 'aria-hidden': 'true' });
  private bar = h('div', { class: 'scale', 'aria-hidden': 'true' });
  private note = h('p', { class: 'map-note', id: 'map-note' });
  private view: View | null = null;
  private moved = false; // by the reader: then new data does not move the map
  private ordered: Feature[] = [];
  private chosen: Feature | null = null;
  private results = new Set<string>();
  private flashes = new Map<string, number>();
  private frame = 0;
  private baseStale = true;
  private settled = 0;
  private soon = 0;
  private highlighted: TwinType | null = null;
  private pointers = new Map<number, { x: number; y: number }>();
  private travelled = 0;
  private still = matchMedia('(prefers-reduced-motion: reduce)');

  constructor(
    private readonly holder: HTMLElement,
    private twin: Twin,
    private readonly events: MapEvents,
  ) {
    holder.append(this.base, this.top, this.cross, this.tip, this.buttons(), this.bar, this.note);
    new ResizeObserver(() => this.resize()).observe(holder);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
    this.listen();
    this.resize();
  }

  use(twin: Twin): void {
    this.twin = twin;
    this.view = null;
    this.moved = false;
    this.chosen = null;
    this.flashes.clear();
    this.results.clear();
    this.refresh();
  }

  /** Features come in by and by: now and then is enough. */
  refreshSoon(): void {
    if (!this.soon) this.soon = window.setTimeout(() => this.refresh(), SOON_MS);
  }

  /** The features have changed. */
  refresh(): void {
    clearTimeout(this.soon);
    this.soon = 0;
    this.ordered = this.twin.inOrder();
    if (this.chosen) this.chosen = this.twin.features.get(this.chosen.id) ?? this.chosen;
    if (!this.moved) this.fitTo(this.twin.boxes());
    this.redraw();
  }

  redraw(): void {
    this.baseStale = true;
    this.ask();
  }

  highlight(type: TwinType | null): void {
    if (this.highlighted === type) return;
    this.highlighted = type;
    this.redraw();
  }

  choose(feature: Feature | null, into = true): void {
    this.chosen = feature;
    if (feature && into) this.bring(feature);
    this.ask();
  }

  /** Rings around what a query found; the map goes there. */
  showResults(features: readonly Feature[]): void {
    this.results = new Set(features.map((f) => f.id));
    if (features.length) {
      this.moved = true;
      this.fitTo(features.map((f) => f.shapes.box));
    }
    this.redraw();
  }

  flash(ids: Iterable<string>): void {
    const now = performance.now();
    for (const id of ids)
      if (this.flashes.size < FLASHES_MOST && this.twin.features.get(id)?.type.shown) this.flashes.set(id, now);
    this.ask();
  }

  say(text: string): void {
    this.note.textContent = text;
  }

  // ---- moves ----

  private get width(): number {
    return this.holder.clientWidth;
  }
  private get height(): number {
    return this.holder.clientHeight;
  }

  private fitTo(boxes: readonly Box[]): void {
    const all = extent(boxes);
    if (all && this.width && this.height) this.go(fit(all, this.width, this.height, Math.min(36, this.width / 10)));
  }

  private go(view: View): void {
    this.view = view;
    this.redraw();
    clearTimeout(this.settled);
    this.settled = window.setTimeout(() => this.tellMoved(), 450);
  }

  private tellMoved(): void {
    if (!this.view || !this.moved) return;
    const box = seen(this.view, this.width, this.height);
    const [west, north] = unproject(Math.max(0, box.x0), Math.max(0, box.y0));
    const [east, south] = unproject(Math.min(1, box.x1), Math.min(1, box.y1));
    this.events.moved([west, south, east, north]);
  }

  private pan(dx: number, dy: number): void {
    if (!this.view) return;
    this.moved = true;
    this.go({ ...this.view, x: this.view.x + dx / this.view.scale, y: this.view.y + dy / this.view.scale });
  }

  private zoom(factor: number, x = this.width / 2, y = this.height / 2): void {
    if (!this.view) return;
    this.moved = true;
    this.go(zoomed(this.view, factor, x, y, this.width, this.height));
  }

  private all(): void {
    this.moved = false;
    this.results.clear();
    this.fitTo(this.twin.boxes());
  }

  private bring(feature: Feature): void {
    if (!this.view) return;
    const { box } = feature.shapes;
    if (meets(box, seen(this.view, this.width - 80, this.height - 80))) return;
    this.moved = true;
    this.go({ ...this.view, x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2 });
  }

  // ---- who is there ----

  /** Points before lines before the smallest area. */
  private at(px: number, py: number, reach: number): Feature | null {
    if (!this.view) return null;
    const x = this.view.x + (px - this.width / 2) / this.view.scale;
    const y = this.view.y + (py - this.height / 2) / this.view.scale;
    const far = reach / this.view.scale;
    const rank = { point: 0, line: 1, area: 2 };
    const here: Box = { x0: x - far, y0: y - far, x1: x + far, y1: y + far };
    let best: { f: Feature; key: number[] } | null = null;
    for (const f of this.ordered) {
      if (!meets(f.shapes.box, here)) continue;
      const d = distance(f.shapes, x, y);
      if (d > far) continue;
      const key = [rank[f.form], f.form === 'area' ? areaOf(f.shapes.box) : d];
      if (!best || key[0]! < best.key[0]! || (key[0] === best.key[0] && key[1]! < best.key[1]!)) best = { f, key };
    }
    return best?.f ?? null;
  }

  private nearest(): Feature | null {
    for (let reach = REACH_PX; reach < Math.max(this.width, this.height); reach *= 2) {
      const found = this.at(this.width / 2, this.height / 2, reach);
      if (found) return found;
    }
    return null;
  }

  private pick(feature: Feature | null): void {
    this.choose(feature, false);
    this.events.choose(feature);
  }

  // ---- input ----

  private buttons(): HTMLElement {
    const button = (label: string, sign: string, act: () => void) =>
      h('button', { type: 'button', 'aria-label': label, title: label, onclick: act }, sign);
    return h('div', { class: 'map-buttons', role: 'group', 'aria-label': 'Map' },
      button('Zoom in', '+', () => this.zoom(1.6)),
      button('Zoom out', '\u2212', () => this.zoom(1 / 1.6)),
      button('Show everything', '\u2922', () => this.all()));
  }

  private listen(): void {
    const { top } = this;
    top.addEventListener('keydown', (event) => this.key(event));
    top.addEventListener('pointerdown', (event) => this.down(event));
    top.addEventListener('pointermove', (event) => this.move(event));
    for (const kind of ['pointerup', 'pointercancel'] as const) top.addEventListener(kind, (event) => this.up(event));
    top.addEventListener('pointerleave', () => this.hover(null, 0, 0));
    top.addEventListener('dblclick', (event) => {
      const [x, y] = this.place(event);
      this.zoom(2, x, y);
    });
    top.addEventListener('wheel', (event) => {
      // a page that scrolls past must not be caught: the wheel zooms once the map has been chosen
      if (!event.ctrlKey && document.activeElement !== top) return;
      event.preventDefault();
      const [x, y] = this.place(event);
      this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), x, y);
    }, { passive: false });
  }

  private place(event: MouseEvent): [number, number] {
    const at = this.top.getBoundingClientRect();
    return [event.clientX - at.left, event.clientY - at.top];
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts: Record<string, () => void> = {
      ArrowLeft: () => this.pan(-STEP_PX, 0),
      ArrowRight: () => this.pan(STEP_PX, 0),
      ArrowUp: () => this.pan(0, -STEP_PX),
      ArrowDown: () => this.pan(0, STEP_PX),
      '+': () => this.zoom(1.6),
      '=': () => this.zoom(1.6),
      '-': () => this.zoom(1 / 1.6),
      '0': () => this.all(),
      Enter: () => this.pick(this.nearest()),
      ' ': () => this.pick(this.nearest()),
      Escape: () => this.pick(null),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  private down(event: PointerEvent): void {
    this.top.setPointerCapture(event.pointerId);
    const [x, y] = this.place(event);
    this.pointers.set(event.pointerId, { x, y });
    if (this.pointers.size === 1) this.travelled = 0;
    this.hover(null, 0, 0);
  }

  private move(event: PointerEvent): void {
    const [x, y] = this.place(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === 'mouse') this.hover(this.at(x, y, REACH_PX), x, y);
      return;
    }
    const [dx, dy] = [x - before.x, y - before.y];
    this.travelled += Math.abs(dx) + Math.abs(dy);
    if (this.pointers.size === 1) {
      if (this.travelled > 3) this.pan(-dx, -dy);
    } else {
      this.pinch(event.pointerId, before, x, y);
    }
    this.pointers.set(event.pointerId, { x, y });
  }

  private pinch(id: number, before: { x: number; y: number }, x: number, y: number): void {
    const other = [...this.pointers].find(([key]) => key !== id)?.[1];
    if (!other) return;
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    const is = Math.hypot(x - other.x, y - other.y);
    if (was > 10 && is > 10) this.zoom(is / was, (x + other.x) / 2, (y + other.y) / 2);
  }

  private up(event: PointerEvent): void {
    const was = this.pointers.size;
    this.pointers.delete(event.pointerId);
    if (event.type !== 'pointerup' || was !== 1 || this.travelled > 6) return;
    const [x, y] = this.place(event);
    this.pick(this.at(x, y, event.pointerType === 'mouse' ? REACH_PX : REACH_PX * 2));
  }

  private hover(feature: Feature | null, x: number, y: number): void {
    this.top.style.cursor = feature ? 'pointer' : '';
    this.tip.hidden = !feature;
    if (!feature) return;
    this.tip.textContent = `${feature.name || shortId(feature.id)} \u00b7 ${feature.type.label}`;
    const right = x > this.width / 2;
    this.tip.style.left = right ? '' : `${x + 14}px`;
    this.tip.style.right = right ? `${this.width - x + 14}px` : '';
    this.tip.style.top = `${Math.max(4, y - 32)}px`;
  }

  // ---- drawing ----

  private resize(): void {
    const ratio = devicePixelRatio || 1;
    for (const canvas of [this.base, this.top]) {
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(this.height * ratio);
    }
    if (!this.moved) this.fitTo(this.twin.boxes());
    this.redraw();
  }

  private ask(): void {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    this.frame = 0;
    if (!this.view || !this.width) return;
    const ratio = devicePixelRatio || 1;
    const scene: Scene = { view: this.view, width: this.width, height: this.height, ratio, theme: themeNow(), highlighted: this.highlighted };
    if (this.baseStale) {
      this.baseStale = false;
      const n = drawFeatures(this.fresh(this.base, ratio), scene, this.ordered);
      this.top.setAttribute('aria-label', `Map of the twin: ${plural(n, 'entity', 'entities')} in view, ${metres(Math.round(metresPerPixel(scene.view) * scene.width))} wide`);
      this.paintBar();
    }
    this.paintTop(this.fresh(this.top, ratio), scene);
  }

  private fresh(canvas: HTMLCanvasElement, ratio: number): CanvasRenderingContext2D {
    const c = canvas.getContext('2d')!;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, this.width, this.height);
    return c;
  }

  private paintTop(c: CanvasRenderingContext2D, scene: Scene): void {
    const now = performance.now();
    const { theme } = scene;
    for (const id of this.results) {
      const f = this.twin.features.get(id);
      if (f) ring(c, scene, f, 8, 0.9, 2, theme.accent);
    }
    for (const [id, began] of this.flashes) {
      const age = (now - began) / FLASH_MS;
      const f = this.twin.features.get(id);
      if (age >= 1 || !f) this.flashes.delete(id);
      else if (this.highlighted && f.type !== this.highlighted) continue;
      else if (this.still.matches) ring(c, scene, f, 8, 0.8, 2, theme.accent);
      else ring(c, scene, f, 4 + 8 * (1 - (1 - age) ** 2), 0.9 * (1 - age), 1.75, theme.accent);
    }
    if (this.chosen) {
      ring(c, scene, this.chosen, 10, 1, 6, theme.ground);
      ring(c, scene, this.chosen, 10, 1, 3, theme.ink);
    }
    if (this.flashes.size) {
      if (this.still.matches) setTimeout(() => this.ask(), 200);
      else this.ask();
    }
  }

  private paintBar(): void {
    const { metres: m, pixels } = scaleBar(this.view!, Math.min(140, this.width / 3));
    this.bar.style.width = `${Math.round(pixels)}px`;
    this.bar.textContent = m < 1 ? `${Math.round(m * 100)} cm` : metres(m);
  }

  /** Where a feature is drawn, for tests: the page's own map is the only place that knows. */
  pixelOf(id: string): [number, number] | null {
    const f = this.twin.features.get(id);
    if (!f || !this.view) return null;
    const scene = { view: this.view, width: this.width, height: this.height } as Scene;
    return onScreen(scene, (f.shapes.box.x0 + f.shapes.box.x1) / 2, (f.shapes.box.y0 + f.shapes.box.y1) / 2);
  }
}
