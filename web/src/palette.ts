/**
 * A colour and a shape for each type, so that neither alone has to tell them apart. Every colour stands out
 * from the map's ground by 3:1 or more in its scheme; test/palette.test.mjs computes it.
 */
export const LIGHT = ['#1f6fb5', '#c4372c', '#2f7d3b', '#7d4fb3', '#b85c00', '#0a7c80', '#b93a78', '#6f6a14', '#85532f', '#4553c0', '#52646e', '#8f6000'] as const;
export const DARK = ['#6db3f2', '#ff8373', '#74c77e', '#bb95ee', '#f7a04b', '#4fc3c7', '#f283b6', '#c4bd55', '#cf9b74', '#98a4ff', '#a3b4bd', '#e8b93c'] as const;
export const GROUND = { light: '#eef0ea', dark: '#10181d' } as const;
export const SHAPES = ['circle', 'square', 'diamond', 'triangle'] as const;

export type Shape = (typeof SHAPES)[number];
export interface Look {
  colour: number;
  shape: Shape;
}

/** Colours that people expect. Others take what is left. */
const EXPECTED: readonly [RegExp, number][] = [
  [/light|lamp/i, 11],
  [/parking/i, 9],
  [/water|lake|river|flood|hydro/i, 0],
  [/bus|vehicle|tram|train/i, 1],
  [/agri|parcel|green|tree|garden|crop|soil|farm/i, 2],
  [/transport|stop|gtfs|route/i, 4],
  [/air/i, 5],
  [/noise/i, 3],
  [/weather/i, 0],
  [/waste|container/i, 8],
  [/traffic/i, 6],
  [/energy|measurement|charging|power/i, 7],
  [/road|street|building|district|area/i, 10],
];

/** The same twin looks the same after every reload: names decide, not the order of the answers. */
export function looks(names: readonly string[]): Map<string, Look> {
  const made = new Map<string, Look>();
  const used = new Map<number, number>();
  const nth = (colour: number) => used.get(colour) ?? 0;
  const wanted = (name: string) => EXPECTED.find(([pattern]) => pattern.test(name))?.[1];
  for (const name of [...names].sort()) {
    let colour = wanted(name) ?? hash(name) % LIGHT.length;
    for (let step = 0; step < LIGHT.length && nth(colour) >= (wanted(name) === undefined ? 1 : 2); step++)
      colour = (colour + 5) % LIGHT.length;
    const shape = SHAPES[(nth(colour) + colour) % SHAPES.length] ?? 'circle'; // types of one colour differ in shape
    used.set(colour, nth(colour) + 1);
    made.set(name, { colour, shape });
  }
  return made;
}

function hash(text: string): number {
  let sum = 2166136261;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 16777619) >>> 0;
  return sum;
}

/** Contrast of two colours. [WCAG 2.2, relative luminance] */
export function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

function luminance(hex: string): number {
  const channel = (at: number) => {
    const c = parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
