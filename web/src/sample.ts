/** Which entities of a large twin are fetched for the map: a bounded number, spread over its types. Pure. */
export interface Page {
  type: string;
  limit: number;
  offset: number;
}

export const SAMPLE_MOST = 6000;
const PAGE = 1000;
const PAGES_OF_SAMPLE = 8;
const TYPES_LONGEST = 2000; // bytes of a list of types in an address

/** Everything when it fits; else small types whole, of the others shares that grow with the root of the count. */
export function shares(counts: ReadonlyMap<string, number>, most = SAMPLE_MOST): Map<string, number> {
  const given = new Map<string, number>();
  let left = most;
  let open = [...counts].filter(([, n]) => n > 0);
  const total = open.reduce((sum, [, n]) => sum + n, 0);
  if (total <= most) return new Map(open);
  const small = Math.floor(most / (4 * open.length));
  for (const [type, n] of open.filter(([, n]) => n <= small)) {
    given.set(type, n);
    left -= n;
  }
  open = open.filter(([type]) => !given.has(type));
  while (open.length) {
    const roots = open.reduce((sum, [, n]) => sum + Math.sqrt(n), 0);
    const full = open.filter(([, n]) => n <= (left * Math.sqrt(n)) / roots);
    if (full.length === 0) {
      for (const [type, n] of open) given.set(type, Math.max(1, Math.floor((left * Math.sqrt(n)) / roots)));
      break;
    }
    for (const [type, n] of full) {
      given.set(type, n);
      left -= n;
    }
    open = open.filter(([type]) => !given.has(type));
  }
  return given;
}

/** Small types that are fetched whole share a page. */
function together(whole: readonly (readonly [string, number])[]): Page[] {
  const out: Page[] = [];
  for (const [type, n] of whole) {
    const last = out[out.length - 1];
    if (last && last.limit + n <= PAGE && `${last.type},${type}`.length < TYPES_LONGEST) {
      last.type += `,${type}`;
      last.limit += n;
    } else {
      out.push({ type, limit: n, offset: 0 });
    }
  }
  return out;
}

/** Pages of the lists of each type. A part of a list is taken in slices from all over it. */
export function pages(counts: ReadonlyMap<string, number>, most = SAMPLE_MOST): Page[] {
  const given = [...shares(counts, most)];
  const small = given.filter(([type, share]) => share >= (counts.get(type) ?? 0) && share < PAGE && !/[,;|()]/.test(type));
  const out = together(small);
  for (const [type, share] of given.filter((one) => !small.includes(one))) {
    const n = counts.get(type) ?? 0;
    if (share >= n) {
      for (let offset = 0; offset < n; offset += PAGE) out.push({ type, limit: Math.min(PAGE, n - offset), offset });
    } else {
      const slices = Math.max(Math.min(PAGES_OF_SAMPLE, share), Math.ceil(share / PAGE));
      const limit = Math.floor(share / slices);
      for (let i = 0; i < slices; i++) out.push({ type, limit, offset: Math.floor((i * n) / slices) });
    }
  }
  return out;
}
